/** S3, and what speaks like it: AWS, MinIO, OSS, COS and others, through @aws-sdk/client-s3. */
import type { ObjectStoreConfig, Store, StoreCredentials } from '../../core/contracts.ts';
import { PATIENCE, type Patience } from '../http/connections.ts';
import { beginGroup } from '../pieces/group.ts';
import { PIECES, pieceMemory } from '../pieces/memory.ts';
import { objectWriter } from '../pieces/writer.ts';
import { openS3Client } from './client.ts';
import { DIALECTS, type S3Dialect, type S3Scheme, s3Endpoint } from './endpoint.ts';
import { listObjects } from './listing.ts';
import { deletePaths, moveFolder, putObject, removeTree } from './objects.ts';
import { headObject, openObject } from './read.ts';
import { s3Session } from './session.ts';
import { multipartUpload } from './upload.ts';
import { discardLeft, sweepUploads } from './uploads.ts';

/** What can be set beside the configuration; the tests do. */
export interface S3Options extends Partial<Patience> {
  /** For a service that differs from its kind. */
  readonly dialect?: Partial<S3Dialect>;
}

export async function openS3Store(
  config: ObjectStoreConfig,
  credentials: StoreCredentials,
  { dialect, ...patience }: S3Options = {},
): Promise<Store> {
  const endpoint = s3Endpoint(config);
  const client = await openS3Client(config, { endpoint, credentials, patience: { ...PATIENCE, ...patience } });
  const { accessKey, secretKey, sessionToken } = credentials;
  const session = s3Session({
    config,
    client,
    dialect: { ...DIALECTS[config.scheme as S3Scheme], ...dialect },
    region: endpoint.region,
    title: endpoint.title,
    secrets: [accessKey, secretKey, sessionToken].filter((secret) => secret !== undefined && secret !== '') as string[],
  });
  const memory = pieceMemory(PIECES);
  const list = (prefix: string) => listObjects(session, prefix);
  return {
    // Each read has a round trip in front of it.
    traits: { readsInFlight: 8 },
    describe: session.describe,
    stat: async (path) => {
      const head = await headObject(session, path);
      return head === undefined ? undefined : { size: head.size, version: head.version };
    },
    openFile: (path, opening) => openObject(session, path, opening),
    list,
    begin: async (dir, record) => {
      const writer = (path: string) =>
        objectWriter(multipartUpload(session, path, record), memory, session.describe(path));
      return beginGroup({ ...session, list, writer, deletePaths: (paths) => deletePaths(session, paths) }, dir);
    },
    put: async (path, bytes) => {
      session.key(path);
      await session.ready();
      await putObject(session, path, bytes);
    },
    move: (from, to) => moveFolder(session, from, to),
    remove: (path) => removeTree(session, path),
    discard: (upload) => discardLeft(session, upload),
    sweep: (prefix, mark) => sweepUploads(session, prefix, mark),
    free: async () => undefined,
    [Symbol.asyncDispose]: async () => client.destroy(),
  };
}
