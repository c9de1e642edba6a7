/** The metadata of a Milvus 1.x as a meta.json: what `export` writes, and what lies beside an old-layout dump. */
import type { Milvus1xSource } from '../../config/job.ts';
import { writeMetaJson } from '../../formats/milvus1x/metaJson.ts';
import type { SourceOptions } from '../options.ts';
import { locateMeta } from './locate.ts';
import { openLooks } from './openLook.ts';
import { readModel } from './readModel.ts';
import { selectCollections } from './select.ts';

export interface MetaFile {
  readonly text: string;
  readonly collections: number;
  /** Live rows by the metadata, partitions included. */
  readonly rows: number;
}

/** Reads the metadata alone: the segments need not be at hand. */
export async function metaFileOf(
  config: Milvus1xSource,
  { collections, openStore }: Pick<SourceOptions, 'collections' | 'openStore'>,
): Promise<MetaFile> {
  await using looks = await openLooks(config, openStore);
  const model = await readModel(await locateMeta(config, looks), looks.meta, openStore);
  const chosen = selectCollections(model, collections);
  const rows = chosen
    .flatMap(({ partitions }) => partitions)
    .flatMap(({ segments }) => segments)
    .reduce((sum, segment) => sum + (segment.rows ?? 0), 0);
  return { text: writeMetaJson({ ...model, collections: chosen }), collections: chosen.length, rows };
}
