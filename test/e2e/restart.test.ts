/**
 * Milvus stopped and started again in the middle of a load: the run waits for it, and ends exact by itself.
 *
 * Seen of 2.3.5, the same after SIGTERM and kill -9. It answers after 5 s, but for some 45 s its parts look for those of
 * before: Flush and LoadCollection fail, CheckHealth does not answer. Import tasks: one that was Started is marked Failed
 * («task marked failed as service restarted»); where its rows were persisted already, the statistics go on counting them,
 * and count(*) does not. One that was Pending, or is submitted in those 45 s, can be handed to the data node of before, and
 * stays Started or Persisted until it expires (rootCoord.importTaskExpiration, 15 minutes, looked at every five).
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startMilvus, type TestServer } from '../servers/index.ts';
import { runUntil } from './killed.ts';
import { assertExact, place } from './place.ts';

const RESTARTS = {
  'kill -9': async (server: TestServer): Promise<void> => {
    await server.kill();
    await server.restart();
  },
  SIGTERM: (server: TestServer): Promise<void> => server.restart(),
};

/** One import at a time, so that none is Pending when Milvus stops: see above. */
const LOADS = {
  bulk: { name: 'partitions', moment: 'import recorded', flags: ['--load-tasks', '1'] },
  streamed: { name: 'mixed', moment: 'batch sent 2', flags: ['--part-size', '500KB'] },
} as const;

/** Milvus was seen to call itself healthy 9 s after a kill, and to give an import to its data node of before all the same. */
const EXPIRATION_SECONDS = 120;

// Each on a server of its own: most of the time it is recovering.
describe('restart', { concurrency: 2 }, () => {
  // One after the other: each restart is to hit its own load.
  for (const [stop, restart] of Object.entries(RESTARTS))
    describe(stop, { concurrency: 1 }, () => {
      let server: TestServer;
      before(async () => {
        server = await startMilvus({ env: { MILVUS_EXTRA: `rootCoord.importTaskExpiration=${EXPIRATION_SECONDS}` } });
      });
      after(() => server.stop());

      for (const how of ['bulk', 'streamed'] as const)
        test(`${stop} in the middle of a load, ${how}: all of it arrives, once`, async () => {
          await using at = await place(server.address);
          const { name, moment, flags } = LOADS[how];
          const words = at.words(name, ...flags, ...(how === 'bulk' ? ['--staging', at.staging] : []));
          const ended = await runUntil(words, { moment, signal: 'none' }, () => restart(server));
          assert.match(ended.stderr, /^reached: /m);
          assert.equal(ended.code, 0, ended.stderr);
          await assertExact(at, name);
        });
    });
});
