/** Commands wait for a server that is away, and the first signal ends that wait. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { engine } from '../../src/cli/engine.ts';
import { runProgram } from '../../src/cli/program.ts';
import { temporaryFolder } from '../temporary.ts';

for (const command of ['plan', 'dump'])
  test(`a signal ends ${command}'s wait for Elasticsearch: exit 130, and nothing more is asked`, async () => {
    using folder = temporaryFolder();
    const interrupt = new AbortController();
    let asked = 0;
    const server = createServer((_, response) => {
      asked++;
      response.writeHead(503).end();
      response.on('close', () => interrupt.abort());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      let stderr = '';
      const stream = new Writable({
        write(chunk, _, done) {
          stderr += String(chunk);
          done();
        },
      });
      const terminal = { stdout: stream, stderr: stream, env: {}, cwd: folder.path };
      const { port } = server.address() as AddressInfo;
      const argv = [command, `es+http://127.0.0.1:${port}/docs`, ...(command === 'dump' ? ['--out', 'out'] : [])];
      const code = await runProgram({ argv, terminal, engine, signal: interrupt.signal });
      assert.equal(code, 130, stderr);
      assert.ok(asked <= 2, `${asked} questions`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
