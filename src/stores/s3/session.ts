/** One bucket as the files of this folder see it: names, and calls whose errors are ours. */
import type { S3 } from '@aws-sdk/client-s3';
import type { ObjectStoreConfig } from '../../core/contracts.ts';
import type { FailedCall } from '../http/failure.ts';
import { createPace, type Pace } from '../http/pace.ts';
import { type StoreNames, storeNames } from '../names.ts';
import { once } from '../once.ts';
import type { S3Dialect } from './endpoint.ts';
import { answerOf, isS3, noBucket, notS3, s3Failure } from './failure.ts';

export interface S3Session extends StoreNames {
  readonly pace: Pace;
  readonly bucket: string;
  readonly dialect: S3Dialect;
  /** Whether a bucket that is not there is one that will be made: then it is empty until the first write. */
  readonly createsBucket: boolean;
  /** One request, with its error in our words. @param what as in «could not …» */
  call<T>(what: string, path: string, request: (s3: S3) => Promise<T>): Promise<T>;
  /** As `call`; undefined where the service answers with one of these codes. */
  unless<T>(
    codes: readonly string[],
    call: { what: string; path: string },
    request: (s3: S3) => Promise<T>,
  ): Promise<T | undefined>;
  /** The value, or an error: an answer with a good status that has no such field is not S3's. */
  must<T>(value: T | undefined, field: string, call: { what: string; path: string }): T;
  /** Before the first write: looks for the bucket and makes it, where the configuration says so. */
  ready(): Promise<void>;
  /** An object that is not there, in a bucket that is, or will be made: else an error. */
  absent(call: { what: string; path: string }): Promise<undefined>;
}

export interface SessionParts {
  readonly config: ObjectStoreConfig;
  readonly client: S3;
  readonly dialect: S3Dialect;
  readonly region: string | undefined;
  /** What answers, for messages. */
  readonly title: string;
  readonly secrets: readonly string[];
}

export function s3Session({ config, client, dialect, region, title, secrets }: SessionParts): S3Session {
  const { bucket, scheme } = config;
  const names = storeNames(config);
  let answered = false;
  const failed = (what: string, path: string): FailedCall => {
    return { what, place: names.describe(path), endpoint: title, secrets, answered };
  };
  const call = async <T>(what: string, path: string, request: (s3: S3) => Promise<T>): Promise<T> => {
    try {
      const answer = await request(client);
      answered = true;
      return answer;
    } catch (thrown) {
      answered ||= answerOf(thrown).status !== undefined;
      throw s3Failure(thrown, failed(what, path));
    }
  };
  const bucketExists = once(async () => {
    const found = await call('look for the bucket', '', (s3) =>
      s3.headBucket({ Bucket: bucket }).then(
        () => true,
        (thrown) => isThere(s3, bucket, thrown),
      ),
    );
    return found || undefined;
  });
  const ready = once(async () => {
    if (config.createBucket && (await bucketExists()) !== true)
      await call('make the bucket', '', (s3) => makeBucket(s3, bucket, scheme === 's3' ? region : undefined));
    return true;
  });
  return {
    ...names,
    pace: createPace(),
    bucket,
    dialect,
    createsBucket: config.createBucket,
    call,
    unless: async (codes, { what, path }, request) =>
      call(what, path, (s3) =>
        request(s3).catch((thrown: unknown) => {
          if (codes.includes(answerOf(thrown).code ?? '')) return undefined;
          throw thrown;
        }),
      ),
    must: (value, field, { what, path }) => {
      if (value === undefined) throw notS3(failed(what, path), field);
      return value;
    },
    ready: async () => void (await ready()),
    async absent({ what, path }) {
      if (!config.createBucket && (await bucketExists()) !== true) throw noBucket(failed(what, path));
      return undefined;
    },
  };
}

/**
 * By the answer to a HEAD, which has no code. A 404 that does not name its request may be that of any web server: what is
 * asked for then has a code where it is S3's.
 */
async function isThere(s3: S3, bucket: string, thrown: unknown): Promise<boolean> {
  const { status, headers } = answerOf(thrown);
  // It may not be looked at, but it is there.
  if (status === 403) return true;
  if (status !== 404) throw thrown;
  if (isS3(undefined, headers)) return false;
  try {
    await s3.listObjects({ Bucket: bucket, MaxKeys: 1 });
    return true;
  } catch (second) {
    if (answerOf(second).code === 'NoSuchBucket') return false;
    throw second;
  }
}

async function makeBucket(s3: S3, bucket: string, region: string | undefined): Promise<void> {
  // us-east-1 is the one region that must not be named.
  const where = region === undefined || region === 'us-east-1' ? undefined : region;
  const location = { CreateBucketConfiguration: { LocationConstraint: where as 'eu-west-1' } };
  try {
    await s3.createBucket({ Bucket: bucket, ...(where === undefined ? {} : location) });
  } catch (thrown) {
    // Another worker was quicker.
    if (answerOf(thrown).code !== 'BucketAlreadyOwnedByYou') throw thrown;
  }
}
