/** Ctrl-C while an Elasticsearch that fails is waited for: before any thread works, and the first one is enough. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startFaultProxy } from '../../servers/faultProxy.ts';
import { administrator, elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { watched } from '../harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'milvus-migrate-interrupted-'));
let server: Awaited<ReturnType<typeof elasticsearchForTests>>;

before(async () => {
  server = await elasticsearchForTests();
  const admin = await administrator({ url: server.url, login: undefined, caFile: undefined });
  const properties = { vec: { type: 'dense_vector', dims: 2, index: false } };
  await admin.call('PUT', '/waited-for', { mappings: { properties } });
  await admin.store('waited-for', [{ id: 'a', source: { vec: [1, 2] } }]);
});

after(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

for (const command of [['plan'], ['dump', '--out', join(folder, 'out')]])
  test(`${command[0]} that waits ends at the first signal`, async () => {
    await using proxy = await startFaultProxy(server.url, ({ url = '' }) =>
      url.includes('/_search') ? 'reset' : undefined,
    );
    const [word = '', ...flags] = command;
    const source = `es+${proxy.endpoint}/waited-for`;
    let signalled = false;
    const { code, stderr } = await watched([word, source, ...flags, '--state', join(folder, 'state')], {
      when: /trying again/,
      act: (child) => {
        signalled = true;
        child.kill('SIGTERM');
      },
    });
    assert.ok(signalled, stderr);
    // Without heeding it, the command would end with what it waited for.
    assert.equal(code, 130, stderr);
  });
