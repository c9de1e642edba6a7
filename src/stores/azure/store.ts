/** Azure Blob Storage, through @azure/storage-blob. */
import type { ObjectStoreConfig, Store, StoreCredentials } from '../../core/contracts.ts';
import { openConnections, PATIENCE, type Patience } from '../http/connections.ts';
import { beginGroup } from '../pieces/group.ts';
import { PIECES, pieceMemory } from '../pieces/memory.ts';
import { objectWriter } from '../pieces/writer.ts';
import { moveFolder, type ObjectCalls, removeTree } from '../trees.ts';
import { azureAccess } from './access.ts';
import { copyBlob, deleteBlobs, listBlobs, putBlob } from './blobs.ts';
import { openBlob, statBlob } from './read.ts';
import { azureSession } from './session.ts';
import { blockUpload, discardUpload, sweepBlocks } from './upload.ts';

export async function openAzureStore(
  config: ObjectStoreConfig,
  credentials: StoreCredentials,
  patience: Patience = PATIENCE,
): Promise<Store> {
  const access = azureAccess(config, credentials);
  const connections = openConnections(patience);
  const session = azureSession({ config, access, connections });
  const memory = pieceMemory(PIECES);
  const objects: ObjectCalls = {
    describe: session.describe,
    stat: (path) => statBlob(session, path),
    list: (folder) => listBlobs(session, folder),
    copy: (from, to) => copyBlob(session, from, to),
    deletePaths: (paths) => deleteBlobs(session, paths),
  };
  return {
    // Each read has a round trip in front of it.
    traits: { readsInFlight: 8 },
    describe: session.describe,
    stat: (path) => statBlob(session, path),
    openFile: (path, opening) => openBlob(session, path, opening),
    list: (prefix) => listBlobs(session, prefix),
    async begin(dir, record) {
      const writer = (path: string) =>
        objectWriter(blockUpload({ session, path, record }), memory, session.describe(path));
      return beginGroup({ ...objects, ready: session.ready, writer }, dir);
    },
    async put(path, bytes) {
      session.key(path);
      await session.ready();
      await putBlob(session, path, bytes);
    },
    move: (from, to) => moveFolder(objects, from, to),
    remove: (path) => removeTree(objects, path),
    discard: (upload) => discardUpload(session, upload),
    sweep: (prefix, mark) => sweepBlocks(session, prefix, mark),
    free: async () => undefined,
    [Symbol.asyncDispose]: async () => connections.close(),
  };
}
