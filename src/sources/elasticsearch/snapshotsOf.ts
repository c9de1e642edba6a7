/** Snapshots of all shards of several indices: all of them, or none is left open. */
import { MigrateError, throwAfter } from '../../core/errors.ts';
import type { Elastic } from './connect.ts';
import { isBlocked } from './failures.ts';
import type { IndexFacts } from './indices.ts';
import { closeSnapshots, openSnapshots, type ShardSnapshot } from './snapshot.ts';

/** In the order of indices and shards. They must be closed. Errors: E_SOURCE_NOT_FOUND; E_SOURCE_ACCESS, E_READ, both with the way around. */
export async function snapshotsOf(elastic: Elastic, indices: readonly IndexFacts[]): Promise<readonly ShardSnapshot[]> {
  const open: ShardSnapshot[] = [];
  try {
    for (const index of indices) open.push(...(await openSnapshots(elastic, index)));
    return open;
  } catch (thrown) {
    const error = thrown instanceof MigrateError && isOfSnapshots(thrown) ? withWayAround(thrown) : thrown;
    return await throwAfter(error, () => closeSnapshots(elastic, open));
  }
}

/** Denied, or not known to this server. An index that is gone, closed or blocked is so to every way of reading. */
function isOfSnapshots(error: MigrateError): boolean {
  return !error.retry && error.code !== 'E_SOURCE_NOT_FOUND' && !isBlocked(error);
}

function withWayAround(error: MigrateError): MigrateError {
  const { code, message, at, found, wanted, hint } = error;
  const way = '--es-read scroll reads without snapshots';
  return new MigrateError(code, message, {
    at,
    ...(found === undefined ? {} : { found }),
    ...(wanted === undefined ? {} : { wanted }),
    hint: hint === undefined ? way : `${hint}; or ${way}`,
    cause: error,
  });
}
