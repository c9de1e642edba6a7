/** Folders of objects, in services that know only objects: remove, move. */
import { MigrateError } from '../core/errors.ts';
import { inBatches } from './batches.ts';

/** What is done with the single objects. */
export interface ObjectCalls {
  describe(path: string): string;
  stat(path: string): Promise<unknown>;
  list(folder: string): AsyncIterable<{ readonly path: string }>;
  /** Inside the service; again over an earlier copy is fine. */
  copy(from: string, to: string): Promise<void>;
  /** All of them; absent ones are fine. */
  deletePaths(paths: readonly string[]): Promise<void>;
}

/** An object, or all objects below a folder. */
export async function removeTree(objects: ObjectCalls, path: string): Promise<void> {
  checkNamed(objects, path);
  const paths = (await objects.stat(path)) === undefined ? [] : [path];
  for await (const object of objects.list(path)) paths.push(object.path);
  await objects.deletePaths(paths);
}

/**
 * Copies all objects of a folder to another one, then deletes the old ones. Broken off anywhere it can be done again:
 * nothing is deleted before all are copied.
 */
export async function moveFolder(objects: ObjectCalls, from: string, to: string): Promise<void> {
  const paths: string[] = [];
  for await (const { path } of objects.list(from)) paths.push(path);
  if (paths.length === 0) {
    for await (const _ of objects.list(to)) return;
    throw new MigrateError('E_STORE', 'could not move: there is no such folder', {
      at: { file: objects.describe(from) },
    });
  }
  await inBatches(paths, (path) => objects.copy(path, `${to}${path.slice(from.length)}`));
  await objects.deletePaths(paths);
}

/** An error where the path would be the whole store. */
export function checkNamed({ describe }: { describe(path: string): string }, path: string): void {
  if (path === '') throw new MigrateError('E_STORE', 'the whole store is no object', { at: { file: describe('') } });
}
