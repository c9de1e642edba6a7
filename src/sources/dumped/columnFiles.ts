/** The NumPy files of one dumped part, open and found to be what the manifest says. */
import type { Store, StoreFile } from '../../core/contracts.ts';
import { MigrateError, messageOf } from '../../core/errors.ts';
import { type Field, fieldBytes } from '../../core/schema.ts';
import { NPY_HEADER_MAX_BYTES, npyItemBytes, parseNpyHeader } from '../../formats/npy.ts';

export interface ColumnFile {
  readonly field: Field;
  /** Fills the target, which is a whole number of rows long, from `row` on. */
  read(target: Uint8Array, row: number): Promise<void>;
  close(): Promise<void>;
}

export interface ColumnQuery {
  /** Folder of the part. */
  readonly dir: string;
  readonly field: Field;
  readonly rows: number;
}

/** Error: E_PART_DAMAGED where the file is missing, or another one than the manifest says. */
export async function openColumn(store: Store, { dir, field, rows }: ColumnQuery): Promise<ColumnFile> {
  const path = `${dir}/${field.name}.npy`;
  const at = { file: store.describe(path) };
  const file = await store.openFile(path, { first: NPY_HEADER_MAX_BYTES });
  if (file === undefined)
    throw new MigrateError('E_PART_DAMAGED', 'a file of the dumped folder is missing', {
      at,
      hint: 'copy the dumped folder again',
    });
  try {
    const { size } = file;
    const start = new Uint8Array(Math.min(size, NPY_HEADER_MAX_BYTES));
    await readPart(file, { target: start, start: 0, at });
    const { type, shape, dataOffset } = parseNpyHeader(start, at.file);
    const width = fieldBytes(field);
    const found = shape.slice(1).reduce((all, dim) => all * dim, npyItemBytes(type));
    const wanted = dataOffset + rows * width;
    if (shape[0] !== rows || found !== width || size !== wanted)
      throw new MigrateError('E_PART_DAMAGED', 'a file of the dumped folder is not what the manifest says', {
        at,
        found: `${size} bytes, shape ${shape.join(' × ')}`,
        wanted: `${wanted} bytes, ${rows} rows of ${width} bytes`,
        hint: 'copy the dumped folder again',
      });
    file.expect(dataOffset, size);
    return {
      field,
      read: (target, row) => readPart(file, { target, start: dataOffset + row * width, at }),
      close: () => file.close(),
    };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

interface PartRead {
  readonly target: Uint8Array;
  readonly start: number;
  readonly at: { readonly file: string };
}

async function readPart(file: StoreFile, { target, start, at }: PartRead): Promise<void> {
  try {
    await file.readInto(target, start);
  } catch (thrown) {
    if (!(thrown instanceof MigrateError) || thrown.code !== 'E_STORE') throw thrown;
    const { found, hint, retry } = thrown;
    throw new MigrateError('E_PART_DAMAGED', 'a file of the dumped folder could not be read', {
      at: { ...at, offset: start },
      found: [messageOf(thrown), found].filter((text) => text !== undefined).join(': '),
      ...(hint === undefined ? {} : { hint }),
      retry,
      cause: thrown,
    });
  }
}
