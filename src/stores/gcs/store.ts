/** Google Cloud Storage, by its JSON API. */
import type { ObjectStoreConfig, Store, StoreCredentials } from '../../core/contracts.ts';
import { endpointUrl } from '../endpointUrl.ts';
import { openConnections, PATIENCE, type Patience } from '../http/connections.ts';
import { beginGroup } from '../pieces/group.ts';
import { pieceMemory } from '../pieces/memory.ts';
import { objectWriter } from '../pieces/writer.ts';
import { moveFolder, type ObjectCalls, removeTree } from '../trees.ts';
import { openLogin } from './login.ts';
import { copyObject, deletePaths, listObjects, putObject } from './objects.ts';
import { openObject, statObject } from './read.ts';
import { gcsSession } from './session.ts';
import { COMPOSED, discardUpload, pieceUpload, sweepPieces, unfinishedFolder } from './upload.ts';

const GOOGLE = 'https://storage.googleapis.com';

export async function openGcsStore(
  config: ObjectStoreConfig,
  credentials: StoreCredentials,
  patience: Patience = PATIENCE,
): Promise<Store> {
  const endpoint = endpointUrl(config.endpoint ?? GOOGLE, config.useSsl);
  const google = /(^|\.)googleapis\.com$/.test(endpoint.hostname);
  const { accessKey, secretKey } = credentials;
  if ((accessKey !== undefined || secretKey !== undefined) && !config.useIam) {
    // HMAC keys, as the old configurations have them: Google takes them where it speaks S3.
    const { openS3Store } = await import('../s3/store.ts');
    const pathStyle = config.pathStyle ?? true;
    const s3 = { ...config, endpoint: endpoint.origin, useSsl: undefined, region: config.region ?? 'auto', pathStyle };
    return openS3Store(s3, credentials, { dialect: { checksum: 'md5', batchDelete: false, list: 'v2' } });
  }
  const login = await openLogin(config, credentials, !google);
  const connections = openConnections(patience);
  const session = gcsSession({ config, endpoint, connections, login });
  const memory = pieceMemory(COMPOSED);
  const objects: ObjectCalls = {
    describe: session.describe,
    stat: (path) => statObject(session, path),
    list: (folder) => listObjects(session, folder),
    copy: (from, to) => copyObject(session, from, to),
    deletePaths: (paths) => deletePaths(session, paths),
  };
  return {
    // Each read has a round trip in front of it.
    traits: { readsInFlight: 8 },
    describe: session.describe,
    stat: (path) => statObject(session, path),
    openFile: (path, opening) => openObject(session, path, opening),
    list: (prefix) => listObjects(session, prefix),
    async begin(dir, record) {
      const unfinished = unfinishedFolder(dir);
      const writer = (path: string) => {
        const folder = `${unfinished}${path.slice(dir.length)}`;
        return objectWriter(pieceUpload({ session, path, folder, record }), memory, session.describe(path));
      };
      return beginGroup({ ...objects, ready: session.ready, writer }, dir);
    },
    async put(path, bytes) {
      session.key(path);
      await session.ready();
      await putObject(session, { what: 'write an object', path }, { path, bytes });
    },
    move: (from, to) => moveFolder(objects, from, to),
    remove: (path) => removeTree(objects, path),
    discard: (upload) => discardUpload(session, upload),
    sweep: (prefix, mark) => sweepPieces(session, prefix, mark),
    free: async () => undefined,
    [Symbol.asyncDispose]: async () => connections.close(),
  };
}
