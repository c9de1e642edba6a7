/**
 * Milvus stopped and started again in the middle of a load: the run waits for it, and ends exact by itself.
 *
 * Seen of 2.3.5, the same after SIGTERM and kill -9: an import task that was Started is marked Failed («task marked failed
 * as service restarted») and has left no rows; one that was Pending is handed to the data node of before, which is not
 * there any more, and then stays Started until it expires (rootCoord.importTaskExpiration, 15 minutes, looked at every
 * five). For 45 s Flush and LoadCollection fail, while questions are answered.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startMilvus, type TestServer } from '../servers/index.ts';
import { runUntil } from './killed.ts';
import { assertExact, place, reportOf } from './place.ts';

let server: TestServer;
before(async () => {
  server = await startMilvus();
});
after(() => server.stop());

const RESTARTS = {
  'kill -9': async () => {
    await server.kill();
    await server.restart();
  },
  SIGTERM: () => server.restart(),
};

/** One import at a time, so that none is Pending when Milvus stops: see above. */
const LOADS = {
  bulk: { name: 'partitions', moment: 'import recorded', flags: ['--load-tasks', '1'] },
  streamed: { name: 'mixed', moment: 'batch sent 2', flags: ['--part-size', '500KB'] },
} as const;

for (const [stop, how] of [
  ['kill -9', 'bulk'],
  ['kill -9', 'streamed'],
  ['SIGTERM', 'bulk'],
  ['SIGTERM', 'streamed'],
] as const)
  test(`Milvus is stopped (${stop}) and started in the middle of a load, ${how}: all of it arrives, once`, async () => {
    await using at = await place(server.address);
    const { name, moment, flags } = LOADS[how];
    const words = at.words(name, ...flags, ...(how === 'bulk' ? ['--staging', at.staging] : []));
    const ended = await runUntil(words, { moment, signal: 'none' }, RESTARTS[stop]);
    assert.equal(ended.code, 0, ended.stderr);
    await assertExact(at, name);
    assert.ok(reportOf(at).warnings.length > 0, 'it noticed');
  });
