/** On-disk lists: the file that an index says holds its codes and ids, looked for beside the index only. */
import type { Store, StoreFile } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { ElsewhereLists, Recipe } from '../../formats/faiss/model.ts';
import { tryOpen } from './place.ts';
import { grouped } from './quantity.ts';

export interface ListsFile {
  readonly path: string;
  readonly file: StoreFile;
}

/** undefined: the index holds its lists itself, or there is nothing in them. Errors: E_SOURCE_NOT_FOUND, E_FAISS. */
export async function openListsFile(
  store: Store,
  indexPath: string,
  { storage, rows }: Pick<Recipe, 'storage' | 'rows'>,
): Promise<ListsFile | undefined> {
  if (storage.kind !== 'lists' || storage.elsewhere === undefined || rows === 0) return undefined;
  const path = beside(store, indexPath, storage.elsewhere);
  const file = await tryOpen(store, path, "the file that holds the index's lists");
  if (file === undefined)
    throw new MigrateError('E_SOURCE_NOT_FOUND', "the file that holds the index's lists is not there", {
      at: { file: store.describe(path) },
      found: 'no such file',
      wanted: `${storage.elsewhere.name}, in the folder of the index`,
      hint: 'copy it beside the index',
    });
  if (file.size >= storage.elsewhere.bytes) return { path, file };
  await file.close();
  throw new MigrateError('E_FAISS', "the file that holds the index's lists is shorter than the index says", {
    at: { file: store.describe(path), offset: file.size, field: 'lists' },
    found: `${grouped(file.size)} bytes`,
    wanted: `at least ${grouped(storage.elsewhere.bytes)} bytes`,
    hint: 'copy it again',
  });
}

/** The name comes from the index: never one that leads elsewhere. */
function beside(store: Store, indexPath: string, { name }: ElsewhereLists): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL ends a path.
  if (name === '' || name === '.' || name === '..' || /[/\\\u0000]/.test(name))
    throw new MigrateError('E_FAISS', 'the index names a file for its lists that can not be one', {
      at: { file: store.describe(indexPath), field: 'filename' },
      found: JSON.stringify(name),
      wanted: 'a plain file name',
    });
  return indexPath.slice(0, indexPath.lastIndexOf('/') + 1) + name;
}
