/** Reads the metadata from wherever it is. Also what the `export` command starts from. */
import type { OpenStore, StoreConfig } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { readMetadata } from '../../formats/milvus1x/metadata.ts';
import { readMetaJson } from '../../formats/milvus1x/metaJson.ts';
import type { Milvus1xModel } from '../../formats/milvus1x/model.ts';
import { parseMysqlDsn, showMysql } from '../../formats/mysqlDsn.ts';
import { openFolder, openIfThere, readBytes } from './fileRead.ts';
import type { MetaLocation } from './locate.ts';
import type { Look } from './look.ts';
import { readMysqlMeta } from './mysqlMeta.ts';
import { followToDatabase, readSqliteMeta } from './sqliteMeta.ts';

/** Nothing is written to where the metadata is. */
export async function readModel(meta: MetaLocation, look: Look, openStore: OpenStore): Promise<Milvus1xModel> {
  const at = { file: showMeta(meta, look) };
  if (meta.kind === 'mysql') return readMetadata(await readMysqlMeta(meta.url), at);
  const { dirname, basename } = look.path;
  const path = meta.kind === 'sqlite' ? await followToDatabase(meta.file, look) : meta.file;
  const file = { folder: look.folder(dirname(path)), name: basename(path), shown: at.file, openStore };
  if (meta.kind === 'json') return readMetaJson(await readText(file), at);
  return readMetadata(await readSqliteMeta(file), at);
}

/** Where it is, without secrets. */
export function showMeta(meta: MetaLocation, look: Look): string {
  return meta.kind === 'mysql' ? showMysql(parseMysqlDsn(meta.url.reveal())) : look.show(meta.file);
}

/** A file with metadata. */
export interface MetaFileAt {
  /** The store that has its folder for its root. */
  readonly folder: StoreConfig;
  readonly name: string;
  /** As errors name it. */
  readonly shown: string;
  readonly openStore: OpenStore;
}

async function readText({ folder, name, shown, openStore }: MetaFileAt): Promise<string> {
  await using store = await openFolder(openStore, folder, '');
  const file = await openIfThere(store, name, { file: shown });
  if (file === undefined)
    throw new MigrateError('E_SOURCE_ACCESS', 'the metadata can not be read', {
      at: { file: shown },
      found: 'no such file',
    });
  try {
    return decoded(await readBytes(file), shown);
  } finally {
    await file.close();
  }
}

/** Names that are not what they should be would become others, or those of other folders. */
function decoded(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new MigrateError('E_METADATA', 'meta.json is not UTF-8', {
      at: { file },
      found: 'bytes that are no text in UTF-8',
      hint: 'save it as UTF-8, or export it again',
      cause,
    });
  }
}
