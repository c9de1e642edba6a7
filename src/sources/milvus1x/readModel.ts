/** Reads the metadata from wherever it is. Also what the `export` command starts from. */
import { readFileSync } from 'node:fs';
import { MigrateError, messageOf } from '../../core/errors.ts';
import { readMetadata } from '../../formats/milvus1x/metadata.ts';
import { readMetaJson } from '../../formats/milvus1x/metaJson.ts';
import type { Milvus1xModel } from '../../formats/milvus1x/model.ts';
import type { MetaLocation } from './locate.ts';
import { parseMysqlDsn, showMysql } from './mysqlDsn.ts';
import { readMysqlMeta } from './mysqlMeta.ts';
import { readSqliteMeta } from './sqliteMeta.ts';

/** Nothing is written to where the metadata is. */
export async function readModel(meta: MetaLocation): Promise<Milvus1xModel> {
  const at = { file: showMeta(meta) };
  switch (meta.kind) {
    case 'sqlite':
      return readMetadata(await readSqliteMeta(meta.file), at);
    case 'mysql':
      return readMetadata(await readMysqlMeta(meta.url), at);
    case 'json':
      return readMetaJson(readText(meta.file), at);
  }
}

/** Where it is, without secrets. */
export function showMeta(meta: MetaLocation): string {
  return meta.kind === 'mysql' ? showMysql(parseMysqlDsn(meta.url.reveal())) : meta.file;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new MigrateError('E_SOURCE_ACCESS', 'the metadata can not be read', {
      at: { file },
      found: messageOf(thrown),
      cause: thrown,
    });
  }
}
