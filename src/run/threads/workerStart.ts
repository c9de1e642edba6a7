/** What the worker threads of a job are started with. */
import type { JobConfig, JobStages } from '../../config/job.ts';
import { foreseenInWorkers } from '../places/foreseen.ts';
import { secretsOf, sourceSecretsOf } from '../places/openStores.ts';
import { fileRing, REMOTE_RING } from './slabs.ts';
import type { WorkerStart } from './tasks.ts';

/** @param stages of those that only load or verify nobody knows whether the workers will read: they load what they need then */
export function workerStart(config: JobConfig, stages: JobStages): WorkerStart {
  const remoteSource = readsRemote(config);
  return {
    secrets: secretsOf(config),
    sourceSecrets: sourceSecretsOf(config.source),
    ring: remoteSource ? REMOTE_RING : fileRing(config.threads),
    remote: remoteSource || config.files?.store !== undefined,
    foreseen: stages === 'dump' || stages === 'all' ? foreseenInWorkers(config) : [],
  };
}

/** Whether the workers read from a bucket or a server. */
function readsRemote({ source, files }: JobConfig): boolean {
  if (source.kind === 'elasticsearch') return true;
  return (source.kind === 'dumped' ? files?.store : source.store) !== undefined;
}
