/** A thread that writes `count` times 100 kB into a limited store. */
import { workerData } from 'node:worker_threads';
import { openLocalStore } from '../../../src/stores/local.ts';
import { withLimit } from '../../../src/stores/with/limit.ts';

const { root, name, count, maxMbps } = workerData as { root: string; name: string; count: number; maxMbps: number };
const store = withLimit(openLocalStore(root), { maxMbps, callsInFlight: undefined });
for (let index = 0; index < count; index++) await store.put(`${name}${index}`, new Uint8Array(100_000));
