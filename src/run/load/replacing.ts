/**
 * Whether rows that may have arrived can be sent again as an upsert, which leaves one row per key: not where the source
 * has a key more than once, nor where a row that is none of ours bears one.
 */
import type { Batch } from '../../core/batch.ts';
import { columnsOf, comparedFields, hashValues, rowHash } from '../../core/canonical.ts';
import type { CollectionRecord, PartitionRecord } from '../../core/checkpoint.ts';
import type { Key } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { keysOf, keyText } from '../../core/keys.ts';
import { primaryKeyOf } from '../../core/schema.ts';
import { heldRows, moveAgain } from '../dump/moveAgain.ts';
import { readTask } from '../read/rowStream.ts';
import { plannedOf, schemaOf } from '../shared/plannedSchemas.ts';
import { asking } from './importLoad.ts';
import type { StreamContext } from './streamLoad.ts';

/** Rows on their way into a collection. */
export interface Piece {
  readonly into: string;
  readonly piece: Batch;
}

/** Throws E_LOAD_IN_DOUBT where the source has a key of the rows more than once. Reads all of the source. */
export async function refuseRepeated(
  run: StreamContext,
  record: PartitionRecord,
  { into, piece }: Piece,
): Promise<void> {
  refuse(into, await repeatedKeys(run, record.planned.collection, piece));
}

/** Throws E_LOAD_IN_DOUBT where a row that is none of ours may bear a key of the rows. */
export async function refuseRowsOfOthers(
  run: StreamContext,
  { planned: { collection } }: PartitionRecord,
  { into, piece }: Piece,
): Promise<void> {
  refuse(into, await rowsOfOthers(run, run.ledger.collection(collection), { into, piece, collection }));
}

function refuse(into: string, why: Why | undefined): void {
  if (why === undefined) return;
  throw new MigrateError('E_LOAD_IN_DOUBT', 'a batch may or may not have arrived, and can not be sent again safely', {
    at: { collection: into },
    ...why,
  });
}

/** Whether rows may come in another order each time that they are read: a scroll gives them as they lie in the index. */
export function isReordered({ config: { source } }: StreamContext): boolean {
  return source.kind === 'elasticsearch' && source.read === 'scroll';
}

/** Whether two rows of the source may have one key. */
function mayRepeat(run: StreamContext, collection: string): boolean {
  const { storedIds, datasets } = plannedOf(run, collection);
  return storedIds === true || datasets.length > 1;
}

/**
 * Throws E_LOAD_IN_DOUBT where a part that comes in another order can not be sent again: all of it is in doubt then, and where
 * keys may repeat all of the source would have to be read for each batch of it.
 */
export function refuseReordered(run: StreamContext, { planned: { collection } }: PartitionRecord, into: string): void {
  if (!mayRepeat(run, collection)) return;
  refuse(into, {
    found:
      'a part of a scroll that was half sent: its documents may come in another order now, and an id may be that of several',
    hint: `${moveAgain(run.ledger.collection(collection))}, best ${STAGED}`,
  });
}

type Why = Pick<MigrateError, 'found' | 'hint'> & { readonly found: string; readonly hint: string };

/** A bulk insert is never in doubt in this way. */
const STAGED = 'with --staging, whose imports can be told from each other after a crash';

async function repeatedKeys(run: StreamContext, collection: string, piece: Batch): Promise<Why | undefined> {
  // All of a part is in doubt, and its keys would be looked for again for each piece of it.
  if (isReordered(run) && !mayRepeat(run, collection)) return undefined;
  // A copy: the piece's own memory goes back to its worker.
  const keys = keysOf(schemaOf(run, collection), piece).slice();
  let occurrences = 0;
  for (const other of run.ledger.of(collection)) {
    if (run.signal.aborted) throw new MigrateError('E_INTERRUPTED', 'interrupted');
    if (occurrences > keys.length) break;
    const task = { kind: 'lookup', ...readTask(run, other), keys, hashes: undefined } as const;
    occurrences += (await run.side().run<'lookup'>(task)).rows;
  }
  if (occurrences <= new Set<Key>(keys).size) return undefined;
  return {
    found: `${occurrences} rows with the ${keys.length} keys of the batch: an upsert would leave one row per key`,
    hint: `${moveAgain(run.ledger.collection(collection))}, best ${STAGED}`,
  };
}

/** Of a collection that held rows before: what lies under these keys has to be these very rows, or nothing. */
async function rowsOfOthers(
  run: StreamContext,
  known: CollectionRecord | undefined,
  { into, piece, collection }: Piece & { readonly collection: string },
): Promise<Why | undefined> {
  if (known === undefined || heldRows(known) === 0) return undefined;
  const facts = await asking(run, () => run.target.describe(into));
  if (facts?.loaded !== true)
    return {
      found: `the collection held ${heldRows(known)} rows before, which an upsert might replace, and is not loaded: nothing can be asked of it`,
      hint: 'load the collection in Milvus, and run the same command again',
    };
  const schema = schemaOf(run, collection);
  const keys = [...new Set<Key>(keysOf(schema, piece))];
  const keyField = primaryKeyOf(schema).name;
  const there = Number(await asking(run, () => run.target.countKeys(into, keyField, keys)));
  if (there === 0) return undefined;
  const rows = await asking(run, () => run.target.rows(into, schema, keys));
  const fields = comparedFields(schema);
  const columns = columnsOf(piece, fields);
  let own = 0;
  for (let row = 0; row < piece.rows; row++) {
    const found = rows.get(keyText(schema, piece, row));
    if (found !== undefined && hashValues(found) === rowHash(fields, columns, row)) own++;
  }
  if (there === own) return undefined;
  return {
    found: `${there - own} rows with keys of the batch that are not rows of it: the collection held ${heldRows(known)} rows before, which an upsert might replace`,
    hint: `${moveAgain(known)}, best ${STAGED}`,
  };
}
