/** A dumped folder as the origin of a job: its parts are whole already, and its files can be read like a source. */
import type { JobConfig } from '../../config/job.ts';
import type { Json, Note, Part } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { JobPlan, PlannedCollection } from '../../core/plan.ts';
import { dumpedDetail } from '../../sources/dumped/detail.ts';
import type { DumpedFolder, Manifest } from '../dump/manifest.ts';
import { type FilesConfig, filesStore } from '../places/layout.ts';
import type { Origin } from './origin.ts';

export function adopt(manifest: DumpedFolder, config: JobConfig): Origin {
  if (config.files === undefined) throw new TypeError('a dumped folder without its path');
  const chosen = chooseCollections(manifest.collections, config);
  refuseNone(chosen, config.files);
  refuseUnheard(chosen, config);
  const targets = new Map(chosen.map(({ target }) => [target, config.targetName ?? target]));
  const members = manifest.partitions.filter(({ planned }) => targets.has(planned.collection));
  refuseWithout(members);
  const withheld = members.filter(({ part }) => part.nonFinite > 0);
  if (config.rejectFile !== undefined) refuseUnreadable(withheld, chosen);
  const partitions = members.map(({ planned, part }, ordinal) => ({
    ...planned,
    ordinal,
    collection: targets.get(planned.collection) ?? planned.collection,
    partition: {
      ...planned.partition,
      rows: part.rows,
      deleted: 0,
      detail: dumpedDetail(part),
    },
  }));
  const plan: JobPlan = {
    collections: chosen.map((collection) => ({
      ...collection,
      target: targets.get(collection.target) ?? collection.target,
    })),
    partitions,
  };
  return {
    locator: `dumped:${manifest.job}`,
    title: `files dumped from ${manifest.source}`,
    reader: { kind: 'dumped', detail: { store: filesStore(config.files) as unknown as Json } },
    notes: noteUnfinished(manifest, config),
    fingerprint: async () => ({ dumped: fingerprint(members.map(({ part }) => part)) }),
    plan: async () => plan,
    adopted: () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
    parts:
      withheld.length > 0 && config.rejectFile !== undefined ? finiteParts(members) : members.map(({ part }) => part),
  };
}

/** Who takes all that was dumped should hear what is not all there. */
function noteUnfinished({ unfinished }: DumpedFolder, { collections }: JobConfig): Note[] {
  if (unfinished.length === 0 || collections !== undefined) return [];
  const text = `the folder has files of ${unfinished.join(', ')} too, which no manifest says are whole: a dump that was not finished; they are not loaded`;
  return [{ kind: 'warning', text }];
}

/** Parts with NaN in their files are read again and written anew without those rows. */
function finiteParts(members: Manifest['partitions']): Part[] {
  return members.map(({ part }) => part).filter(({ nonFinite }) => nonFinite === 0);
}

function chooseCollections(all: readonly PlannedCollection[], config: JobConfig): readonly PlannedCollection[] {
  const wanted = config.collections;
  if (wanted === undefined) return all;
  const bears = (collection: PlannedCollection, name: string): boolean =>
    collection.target === name || collection.datasets.includes(name);
  const unknown = wanted.find((name) => !all.some((collection) => bears(collection, name)));
  if (unknown !== undefined)
    throw new MigrateError('E_UNKNOWN_COLLECTION', 'the dumped folder has no such collection', {
      found: unknown,
      wanted: all.map(({ target }) => target).join(', '),
    });
  return all.filter((collection) => wanted.some((name) => bears(collection, name)));
}

/** A job that moves nothing would end well. */
function refuseNone(chosen: readonly PlannedCollection[], files: FilesConfig): void {
  if (chosen.length > 0) return;
  throw new MigrateError('E_DUMP_FOLDER', 'the dumped folder holds no whole collection', {
    at: { file: files.dir },
    found: 'a manifest of no collections',
    hint: 'dump again, by a job of its own',
  });
}

/** Rows that could not be rows, and were not put anywhere when the folder was dumped, are not here to be loaded. */
function refuseWithout(members: Manifest['partitions']): void {
  const lacking = members.filter(({ part }) => (part.refused ?? 0) > 0);
  const [first] = lacking;
  if (first === undefined) return;
  const rows = lacking.reduce((sum, { part }) => sum + (part.refused ?? 0), 0);
  const reason = first.part.firstNonFinite.find((row) => row.reason !== undefined);
  throw new MigrateError('E_CONFIG', 'rows are missing from the dumped folder', {
    at: { collection: first.planned.collection },
    found: `${rows === 1 ? '1 document that could not be a row' : `${rows} documents that could not be rows`} of it when it was dumped${reason === undefined ? '' : ` (first: id ${reason.key}: ${reason.reason})`}`,
    wanted: 'all rows, or those that can not be in a reject file',
    hint: 'dump again with --reject-file FILE: they are put there, and counted',
  });
}

/** Before a job takes their parts for ones that are to be made again: nothing could make them. */
function refuseUnreadable(withheld: Manifest['partitions'], chosen: readonly PlannedCollection[]): void {
  const formatOf = (name: string) => chosen.find(({ target }) => target === name)?.format ?? 'npy';
  const unreadable = withheld.filter(({ planned }) => formatOf(planned.collection) !== 'npy');
  const [first] = unreadable;
  if (first === undefined) return;
  const { collection } = first.planned;
  const names = new Set(unreadable.map(({ planned }) => planned.collection));
  const others = chosen.map(({ target }) => target).filter((name) => !names.has(name));
  const meanwhile = others.length === 0 ? '' : `; --col ${others.join(',')} loads the others`;
  throw new MigrateError('E_CONFIG', 'rows can be taken out of NumPy files only', {
    at: { collection },
    found: `${first.part.nonFinite} rows with NaN or infinity in files of the format ${formatOf(collection)}, which nothing reads back here`,
    hint: `dump again with --reject-file FILE: they are put there, and the rest can be loaded${meanwhile}`,
  });
}

/** Names and merges were settled when the folder was dumped: what can't be heeded any more is refused, not ignored. */
function refuseUnheard(chosen: readonly PlannedCollection[], config: JobConfig): void {
  const names = chosen[0]?.schema.fields.map(({ name }) => name) ?? [];
  const refuse = (message: string, found: string, hint: string): MigrateError =>
    new MigrateError('E_CONFIG', message, { found, hint });
  if (config.targetName !== undefined && chosen.length > 1)
    throw refuse(
      'one name was given for several collections',
      chosen.map(({ target }) => target).join(', '),
      'choose one with --col',
    );
  if (config.merge.length > 0)
    throw refuse(
      'a dumped folder can not be merged while it is loaded',
      config.merge.map(({ into }) => `--into ${into}`).join(', '),
      'merge when you dump: milvus-migrate dump … --merge a,b --into c',
    );
  const given = [config.idField, config.vectorField];
  const renamed = given.filter((name, index) => name !== ['id', 'data'][index] && name !== names[index]);
  if (names.length > 0 && renamed.length > 0)
    throw refuse(
      'the fields of a dumped folder have their names already',
      `${renamed.join(', ')}; the files are named ${names.join(', ')}`,
      'give --id-field and --vector-field when you dump',
    );
}

function fingerprint(parts: readonly Part[]): Record<string, string> {
  return Object.fromEntries(
    parts.map(({ dir, files }) => [dir, files.map(({ name, bytes, crc32 }) => `${name}:${bytes}:${crc32}`).join(' ')]),
  );
}
