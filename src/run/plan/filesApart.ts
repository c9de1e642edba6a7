/** Files of ours must not come to lie among the source's own: it is only read, and the next reader would find them there. */
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import type { StoreConfig } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { type FilesConfig, filesStore, PARTS_FOLDER } from '../places/layout.ts';

/** @param folders those that the source is read from. Error: E_USAGE. */
export function refuseFilesInSource(files: FilesConfig | undefined, folders: readonly StoreConfig[]): void {
  if (files === undefined) return;
  const out = filesStore(files);
  const parts = { ...out, root: join(out.root, PARTS_FOLDER) };
  for (const folder of folders) {
    const [inner, outer] = isWithin(out, folder) ? [out, folder] : [folder, parts];
    if (!isWithin(inner, outer)) continue;
    throw new MigrateError('E_USAGE', 'the files would be written into the source', {
      at: { file: show(out) },
      found:
        inner === out ? `${show(folder)} belongs to the source` : `the source has ${show(folder)}, in ${show(parts)}`,
      wanted: 'a folder apart from the source',
      hint: 'name another one with --out or --staging',
    });
  }
}

function isWithin(inner: StoreConfig, outer: StoreConfig): boolean {
  const [place, above] = [placeOf(inner), placeOf(outer)];
  return place === above || place.startsWith(`${above}/`);
}

/** One text for one place, however it was named. */
function placeOf(store: StoreConfig): string {
  if (store.scheme === 'file') return trimmed(realPlace(store.root).split(sep).join('/'));
  return trimmed([store.scheme, store.endpoint ?? '', store.bucket, store.root].join('/'));
}

function trimmed(place: string): string {
  return place.replace(/\/+$/, '');
}

/** Without links, also of what is not there yet. */
function realPlace(path: string): string {
  if (existsSync(path) || dirname(path) === path) return realpathSync(path);
  return join(realPlace(dirname(path)), basename(path));
}

function show(store: StoreConfig): string {
  return store.scheme === 'file' ? store.root : `${store.scheme}://${trimmed(`${store.bucket}/${store.root}`)}`;
}
