/** Before any data moves: shows, by an import of no rows, that Milvus can read the staging folder. */

import type { JobConfig } from '../config/job.ts';
import type { Target } from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';
import type { PlannedCollection } from '../core/plan.ts';
import { ENCODERS } from '../encoders/index.ts';
import { openStore } from '../stores/index.ts';
import { announce } from './events.ts';
import { filesRoot, preflightName, seenRoot } from './layout.ts';
import { createBackoff } from './patience.ts';

export interface Preflight {
  /** In the names of what is made: those of an earlier run of the job that died here are known for its own. */
  readonly jobId: string;
  readonly files: NonNullable<JobConfig['files']>;
  readonly target: Target;
  readonly planned: PlannedCollection;
  readonly signal: AbortSignal;
}

/** Leaves nothing behind: neither the scratch collection nor its files. Throws E_STAGING with what to change. */
export async function checkStaging({ jobId, files, target, planned, signal }: Preflight): Promise<void> {
  const name = preflightName(jobId);
  const root = filesRoot(files);
  await using store = await openStore({ scheme: 'file', root });
  const group = await store.begin(name);
  try {
    const encoder = await ENCODERS.npy(group, planned.schema);
    const { files: made } = await encoder.close();
    await group.commit();
    const { schema } = planned;
    const spec = { name, schema, description: 'scratch of a preflight check: may be dropped' };
    const left = await target.describe(name);
    if (left !== undefined) await target.drop(name, left.id);
    const facts = await target.create({ ...spec, dynamicField: false, shards: undefined, consistencyLevel: undefined });
    announce('preflight begun', name);
    try {
      const seen = made.map((file) => `${seenRoot(files)}/${name}/${file.name}`);
      await importNothing(name, seen, { files, target, signal });
    } finally {
      await target.drop(name, facts.id);
    }
  } finally {
    await group.abort();
    await store.remove(name);
  }
}

/** What Milvus says of an import that it was restarted in (2.3.5). */
const RESTARTED = /service restarted/i;
/** No rows can be doubled, so it may be tried again; a server that restarts more often has other problems. */
const TRIES = 3;

type Trying = Pick<Preflight, 'files' | 'target' | 'signal'>;

async function importNothing(collection: string, seen: readonly string[], trying: Trying): Promise<void> {
  for (let tries = 1; ; tries++) {
    const reason = await failureOf(await trying.target.submitImport(collection, '_default', seen), trying);
    if (reason === undefined) return;
    if (!RESTARTED.test(reason) || tries === TRIES) throw explain(reason, trying.files);
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

function explain(reason: string, files: NonNullable<JobConfig['files']>): MigrateError {
  const unseen = /no such file|failed to get file size|not exist/i.test(reason);
  const denied = /permission denied|access denied/i.test(reason);
  const seen = seenRoot(files);
  return new MigrateError('E_STAGING', 'Milvus can not import from the staging folder', {
    at: { file: filesRoot(files) },
    found: reason,
    wanted: `a folder that Milvus reads as ${seen}`,
    hint: unseen
      ? `Milvus sees no ${seen}: if it runs in a container, mount the folder there and give the path inside with --staging-as; or leave --staging away to stream the rows`
      : denied
        ? `let the user that Milvus runs as read ${seen}; or leave --staging away to stream the rows`
        : 'run the same command again; if it fails again, look at the log of Milvus, or leave --staging away to stream the rows',
  });
}
