/** `export`: the source's metadata as a meta.json. */
import { resolve } from 'node:path';
import type { JobConfig } from '../config/job.ts';
import { MigrateError } from '../core/errors.ts';
import { openStore } from '../stores/index.ts';

export const META_FILE = 'meta.json';

/** Writes `<outDir>/meta.json`, whole or not at all. */
export async function exportMeta(
  config: JobConfig,
  outDir: string,
): Promise<{ readonly file: string; readonly collections: number; readonly rows: number }> {
  if (config.source.kind !== 'milvus1x')
    throw new MigrateError('E_USAGE', 'only the metadata of a Milvus 1.x can be exported', {
      found: config.source.kind,
    });
  const { metaFileOf } = await import('../sources/milvus1x/metaFile.ts');
  const { text, collections, rows } = await metaFileOf(config.source, config.collections);
  const root = resolve(outDir);
  await using store = await openStore({ scheme: 'file', root });
  await store.put(META_FILE, Buffer.from(text));
  return { file: `${root}/${META_FILE}`, collections, rows };
}
