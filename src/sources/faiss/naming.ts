/** Formats know no file names: their errors are told here which file they are about. */
import { MigrateError } from '../../core/errors.ts';

export async function namingFile<T>(file: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw named(file, thrown);
  }
}

export async function* namingFileIn<T>(file: string, items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (thrown) {
    throw named(file, thrown);
  }
}

function named(file: string, thrown: unknown): unknown {
  return thrown instanceof MigrateError ? thrown.within({ file }) : thrown;
}
