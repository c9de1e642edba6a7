/** Why Milvus could not import from the staging folder or bucket, from what it says of a file of no rows (seen on 2.3.5). */
import type { Store } from '../core/contracts.ts';
import { MigrateError } from '../core/errors.ts';
import { type FilesConfig, seenRoot } from './layout.ts';

export interface StagingFailure {
  /** What Milvus said. */
  readonly reason: string;
  readonly files: FilesConfig;
  readonly store: Store;
  /** Whether Milvus does see the files under the keys that we wrote them to, where it was told others. */
  readonly seenAtRoot: boolean;
}

/** A HEAD has no code in its answer: of a bucket that is not there Milvus says NoSuchKey too, of a wrong key Access Denied. */
const UNSEEN = /no such file|not exist|NoSuchKey|NoSuchBucket|\b404\b/i;
const DENIED = /permission denied|access ?denied|forbidden|\b403\b/i;
const UNREACHABLE =
  /connection refused|connection reset|no such host|i\/o timeout|deadline exceeded|no route to host|network is unreachable|x509|tls:/i;

export type StagingTrouble = 'unseen' | 'denied' | 'unreachable' | 'other';

export function troubleOf(reason: string): StagingTrouble {
  // Paths, keys and URLs may hold any word.
  const words = reason.replaceAll(/'[^']*'|"[^"]*"|key=[^)]*/g, '');
  if (UNREACHABLE.test(words)) return 'unreachable';
  if (DENIED.test(words)) return 'denied';
  return UNSEEN.test(words) ? 'unseen' : 'other';
}

const INSTEAD = 'or leave --staging away to stream the rows';
const AGAIN = `run the same command again; if it fails again, look at the log of Milvus, ${INSTEAD}`;

export function explainStaging(failure: StagingFailure): MigrateError {
  const { reason, files, store } = failure;
  const bucket = files.store !== undefined;
  const seen = seenRoot(files);
  return new MigrateError('E_STAGING', `Milvus can not import from the staging ${bucket ? 'bucket' : 'folder'}`, {
    at: { file: store.describe('') },
    found: reason,
    wanted: bucket ? `objects that Milvus reads below ${inBucket(seen)}` : `a folder that Milvus reads as ${seen}`,
    hint: bucket ? bucketHint(failure) : folderHint(reason, seen),
  });
}

function inBucket(prefix: string): string {
  return prefix === '' ? 'the root of its own bucket' : `${prefix}/ in its own bucket`;
}

function folderHint(reason: string, seen: string): string {
  const trouble = troubleOf(reason);
  if (trouble === 'unseen')
    return `Milvus sees no ${seen}: if it runs in a container, mount the folder there and give the path inside with --staging-as; ${INSTEAD}`;
  if (trouble === 'denied') return `let the user that Milvus runs as read ${seen}; ${INSTEAD}`;
  return AGAIN;
}

/** Milvus reads from one bucket alone, with keys of its own: nothing of how it gets there comes from us. */
function bucketHint({ reason, files, store, seenAtRoot }: StagingFailure): string {
  const ours = store.describe('');
  switch (troubleOf(reason)) {
    case 'unseen':
      if (seenAtRoot)
        return `the prefix is wrong: Milvus sees the files where they were written, leave --staging-as away`;
      return (
        `Milvus reads from its own bucket only (minio.address and minio.bucketName in its milvus.yaml), and sees nothing below ${seenRoot(files) === '' ? 'its root' : `${seenRoot(files)}/`} there: ` +
        `stage in that bucket instead of ${files.store?.bucket ?? ours}; if it is the same one, and Milvus sees it under another prefix, give that with --staging-as`
      );
    case 'denied':
      return `let the key that Milvus uses (minio.accessKeyID or its role) read ${ours}; ${INSTEAD}`;
    case 'unreachable':
      return `Milvus does not reach its object storage: check minio.address, minio.port and minio.useSSL in its milvus.yaml, and that the service answers on the host where Milvus runs; ${INSTEAD}`;
    case 'other':
      return AGAIN;
  }
}
