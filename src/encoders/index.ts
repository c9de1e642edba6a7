/** The encoders, by file format. A new one is one file and one line here. */
import type { Encoder, StoreGroup } from '../core/contracts.ts';
import type { FileFormat } from '../core/plan.ts';
import type { Schema } from '../core/schema.ts';

export const ENCODERS = {
  npy: async (group: StoreGroup, schema: Schema): Promise<Encoder> =>
    (await import('./npy.ts')).openNpyEncoder(group, schema),
  parquet: async (group: StoreGroup, schema: Schema): Promise<Encoder> =>
    (await import('./parquet.ts')).openParquetEncoder(group, schema),
  json: async (group: StoreGroup, schema: Schema): Promise<Encoder> =>
    (await import('./jsonRows.ts')).openJsonEncoder(group, schema),
} as const satisfies Record<FileFormat, (group: StoreGroup, schema: Schema) => Promise<Encoder>>;
