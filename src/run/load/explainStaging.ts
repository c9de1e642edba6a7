/** Why Milvus could not import from the staging folder or bucket, from what it says of a file of no rows (seen on 2.3.5). */
import type { Store } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { type FilesConfig, seenRoot } from '../places/layout.ts';

export interface StagingFailure {
  /** What Milvus said. */
  readonly reason: string;
  readonly files: FilesConfig;
  readonly store: Store;
  /** Whether the files are a dump that is loaded: there is nothing else to take the rows from. */
  readonly dumped: boolean;
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

type Kind = Pick<StagingFailure, 'dumped'>;

const instead = ({ dumped }: Kind): string =>
  dumped
    ? 'or run from the source with --to alone, which streams the rows'
    : 'or leave --staging away to stream the rows';

const again = (kind: Kind): string =>
  `run the same command again; if it fails again, look at the log of Milvus, ${instead(kind)}`;

export function explainStaging(failure: StagingFailure): MigrateError {
  const { reason, files, store } = failure;
  const bucket = files.store !== undefined;
  const seen = seenRoot(files);
  return new MigrateError('E_STAGING', `Milvus can not import from the staging ${bucket ? 'bucket' : 'folder'}`, {
    at: { file: store.describe('') },
    found: reason,
    wanted: bucket ? `objects that Milvus reads below ${inBucket(seen)}` : `a folder that Milvus reads as ${seen}`,
    hint: bucket ? bucketHint(failure) : folderHint(failure, seen),
  });
}

function inBucket(prefix: string): string {
  return prefix === '' ? 'the root of its own bucket' : `${prefix}/ in its own bucket`;
}

function folderHint(failure: StagingFailure, seen: string): string {
  const trouble = troubleOf(failure.reason);
  if (trouble === 'unseen')
    return `Milvus sees no ${seen}: if it runs in a container, mount the folder there and give the path inside with --staging-as; ${instead(failure)}`;
  if (trouble === 'denied') return `let the user that Milvus runs as read ${seen}; ${instead(failure)}`;
  return again(failure);
}

/** Milvus reads from one bucket alone, with keys of its own: nothing of how it gets there comes from us. */
function bucketHint(failure: StagingFailure): string {
  const { reason, files, store, seenAtRoot, dumped } = failure;
  const ours = store.describe('');
  switch (troubleOf(reason)) {
    case 'unseen':
      if (seenAtRoot)
        return `the prefix is wrong: Milvus sees the files where they were written, leave --staging-as away`;
      return (
        `Milvus reads from its own bucket only (minio.address and minio.bucketName in its milvus.yaml), and sees nothing below ${seenRoot(files) === '' ? 'its root' : `${seenRoot(files)}/`} there: ` +
        `${dumped ? 'copy the dumped files into that bucket' : `stage in that bucket instead of ${files.store?.bucket ?? ours}`}; if it is the same one, and Milvus sees it under another prefix, give that with --staging-as`
      );
    case 'denied':
      return `let the key that Milvus uses (minio.accessKeyID or its role) read ${ours}; ${instead(failure)}`;
    case 'unreachable':
      return `Milvus does not reach its object storage: check minio.address, minio.port and minio.useSSL in its milvus.yaml, and that the service answers on the host where Milvus runs; ${instead(failure)}`;
    case 'other':
      return again(failure);
  }
}
