/** Before any data moves: shows, by an import of no rows, that Milvus can read the staging folder. */

import type { RecordUpload, Store, Target } from '../../core/contracts.ts';
import type { PlannedCollection } from '../../core/plan.ts';
import { ENCODERS } from '../../encoders/index.ts';
import { type FilesConfig, preflightName, seenPath, seenRoot } from '../places/layout.ts';
import { announce } from '../progress/events.ts';
import { createBackoff } from '../shared/patience.ts';
import { explainStaging, troubleOf } from './explainStaging.ts';

export interface Preflight {
  /** In the names of what is made: those of an earlier run of the job that died here are known for its own. */
  readonly jobId: string;
  readonly files: FilesConfig;
  /** That of the files. */
  readonly store: Store;
  readonly record: RecordUpload;
  readonly target: Target;
  readonly planned: PlannedCollection;
  /** Whether the files are a dump that is loaded. */
  readonly dumped: boolean;
  readonly signal: AbortSignal;
}

/** Leaves nothing behind: neither the scratch collection nor its files. Throws E_STAGING with what to change. */
export async function checkStaging(preflight: Preflight): Promise<void> {
  const { jobId, store, record, target, planned } = preflight;
  const name = preflightName(jobId);
  const group = await store.begin(name, record);
  try {
    const encoder = await ENCODERS[planned.format ?? 'npy'](group, planned.schema);
    const { files: made } = await encoder.close();
    await group.commit();
    const { schema } = planned;
    const spec = { name, schema, description: 'scratch of a preflight check: may be dropped' };
    await dropPreflight(target, jobId);
    const dynamicField = schema.fields.some(({ dynamic }) => dynamic === true);
    const facts = await target.create({ ...spec, dynamicField, shards: undefined, consistencyLevel: undefined });
    announce('preflight begun', name);
    try {
      const paths = made.map((file) => `${name}/${file.name}`);
      await importNothing(name, paths, preflight);
    } finally {
      await target.drop(name, facts.id);
    }
  } finally {
    await group.abort();
    await store.remove(name);
  }
}

/** The scratch collection of an earlier run that died in its preflight. */
export async function dropPreflight(target: Target, jobId: string): Promise<void> {
  const name = preflightName(jobId);
  const left = await target.describe(name);
  if (left !== undefined) await target.drop(name, left.id);
}

/** What Milvus says of an import that it was restarted in (2.3.5). */
const RESTARTED = /service restarted/i;
/** No rows can be doubled, so it may be tried again; a server that restarts more often has other problems. */
const TRIES = 3;

type Trying = Pick<Preflight, 'files' | 'store' | 'target' | 'dumped' | 'signal'>;

async function importNothing(collection: string, paths: readonly string[], trying: Trying): Promise<void> {
  const { files, store, target, dumped } = trying;
  const attempt = async (seenFrom: FilesConfig): Promise<string | undefined> => {
    const seen = paths.map((path) => seenPath(seenFrom, path));
    return failureOf(await target.submitImport(collection, '_default', seen), trying);
  };
  for (let tries = 1; ; tries++) {
    const reason = await attempt(files);
    if (reason === undefined) return;
    if (RESTARTED.test(reason) && tries < TRIES) continue;
    // A wrong prefix is told from a wrong bucket by what Milvus says to the keys that were written.
    const own = files.store === undefined ? files : { ...files, seenAs: files.store.root };
    const elsewhere = seenRoot(own) !== seenRoot(files) && troubleOf(reason) === 'unseen';
    const seenAtRoot = elsewhere && (await attempt(own)) === undefined;
    throw explainStaging({ reason, files, store, dumped, seenAtRoot });
  }
}

/** @returns the server's reason; undefined: it went well */
async function failureOf(id: string, { target, signal }: Trying): Promise<string | undefined> {
  const backoff = createBackoff(signal);
  for (;;) {
    const task = await target.importTask(id);
    if (task?.state === 'completed') return undefined;
    if (task === undefined) return 'the task vanished';
    if (task.state === 'failed') return task.reason;
    await backoff.wait();
  }
}
