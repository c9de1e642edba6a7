/** Target in, Target out: repeats calls that may be repeated, while the server is away, for a bounded time. */
import { tellAgain } from '../../core/again.ts';
import type { Target } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { pause } from './poll.ts';

export interface RetryPolicy {
  readonly firstMs: number;
  readonly longestMs: number;
  /** Gives up when it has failed for so long without a success: a server that restarts on old data takes 25 s. */
  readonly patienceMs: number;
  /**
   * The same for a read of rows that is refused with a reason nobody knows. The parts of a healthy Milvus lose sight of
   * each other for moments (2.3.5: `failed to get delegator …: can not find client of node 1`, among reads side by side of
   * a collection that was just loaded), in many words and without a code; a reason that stays is only said so much later.
   */
  readonly refusedMs: number;
  /** The longest that one call of any kind waits for its answer. */
  readonly callMs: number;
}

const POLICY: RetryPolicy = { firstMs: 200, longestMs: 5_000, patienceMs: 60_000, refusedMs: 10_000, callMs: 120_000 };

/**
 * Repeated are reads, and writes that come to the same when done twice. `create`, `rename`, `submitImport` and `insert`
 * are not: what a lost answer means there, only the caller can find out.
 */
export function withRetry(target: Target, signal: AbortSignal | undefined, policy: RetryPolicy = POLICY): Target {
  const again = <A extends unknown[], R>(what: string, call: (...args: A) => Promise<R>) => {
    return (...args: A) => repeat(what, () => call.apply(target, args), { signal, policy, patience });
  };
  const patience = ({ retry }: MigrateError) => (retry ? policy.patienceMs : 0);
  const readAgain = <A extends unknown[], R>(what: string, call: (...args: A) => Promise<R>) => {
    const patience = ({ retry, code }: MigrateError) =>
      retry ? policy.patienceMs : code === 'E_TARGET' ? policy.refusedMs : 0;
    return (...args: A) => repeat(what, () => call.apply(target, args), { signal, policy, patience });
  };
  return {
    facts: again('the server’s version', target.facts),
    healthy: again('the server’s health', target.healthy),
    createDatabaseIfAbsent: again('the database', target.createDatabaseIfAbsent),
    describe: again('the collection', target.describe),
    createMilvusPartition: again('the partition', target.createMilvusPartition),
    drop: again('the drop', target.drop),
    moveAliases: again('the aliases', target.moveAliases),
    listImports: again('the import tasks', target.listImports),
    importTask: again('the import task', target.importTask),
    flush: again('the flush', target.flush),
    createIndex: again('the index', target.createIndex),
    load: again('the load', target.load),
    release: again('the release', target.release),
    count: readAgain('the count', target.count),
    countKeys: readAgain('the count of keys', target.countKeys),
    statistics: again('the statistics', target.statistics),
    rows: readAgain('the rows', target.rows),

    create: (...args) => target.create(...args),
    rename: (...args) => target.rename(...args),
    submitImport: (...args) => target.submitImport(...args),
    insert: (...args) => target.insert(...args),
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  };
}

interface Repetition {
  readonly signal: AbortSignal | undefined;
  readonly policy: RetryPolicy;
  /** Milliseconds for such an error; 0: none. */
  readonly patience: (error: MigrateError) => number;
}

async function repeat<R>(what: string, call: () => Promise<R>, { signal, policy, patience }: Repetition): Promise<R> {
  let failingSince: number | undefined;
  let failures = 0;
  let interval = policy.firstMs;
  for (;;) {
    const start = performance.now();
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof MigrateError)) throw error;
      const patienceMs = patience(error);
      const now = performance.now();
      // A long wait (an index, a load) that broke off was a success until it broke off. Longer than one call: a server that
      // takes calls and answers none is no success.
      if (failingSince === undefined || now - start > patienceMs + policy.callMs) {
        failingSince = now;
        failures = 0;
        interval = policy.firstMs;
      }
      if (now + interval - failingSince > patienceMs) throw error;
      tellAgain(error, ++failures);
      await pause(interval, what, signal);
      interval = Math.min(interval * 2, policy.longestMs);
    }
  }
}
