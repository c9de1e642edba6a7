/** Opening a file by as few requests as can be: nothing is asked for that is known, or comes with the first bytes. */
import type { Readable } from 'node:stream';
import type { Opening, StoreFile, StoreStat } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import type { Pace } from './pace.ts';
import { rangedFile } from './ranged.ts';
import { fillTarget, type ReadBody } from './ranges.ts';

/** The beginning of a file, and what the answer says of the whole. */
export interface FirstBytes {
  readonly stat: StoreStat;
  readonly bytes: Uint8Array;
}

/** What of a driver's session is needed to open a file. */
interface Opens {
  describe(path: string): string;
  readonly pace: Pace;
}

/** Requests of a driver, each about one path. */
export interface OpeningCalls<S> {
  /** Says what is there; undefined: nothing. */
  stat(session: S, path: string): Promise<StoreStat | undefined>;
  /** Asks for so many first bytes of whatever is there; undefined: the answer does not tell enough. */
  first(session: S, path: string, length: number): Promise<FirstBytes | undefined>;
  /** Reads that version alone. */
  reader(session: S, path: string, version: string): ReadBody;
}

/** `Store.openFile` of a driver with these calls. */
export function opener<S extends Opens>(
  calls: OpeningCalls<S>,
): (session: S, path: string, opening?: Opening) => Promise<StoreFile | undefined> {
  return async (session, path, { known, first: length } = {}) => {
    const asked = known === undefined && length !== undefined;
    const begun = asked ? await beginning(() => calls.first(session, path, length)) : undefined;
    const stat = known ?? begun?.stat ?? (await calls.stat(session, path));
    if (stat === undefined) return undefined;
    const { size, version } = stat;
    const read = calls.reader(session, path, version);
    const place = session.describe(path);
    return rangedFile({ stat: { size, version }, place, read, first: begun?.bytes, pace: session.pace });
  };
}

/** What is absent, empty or refused is looked at as ever: that answer says what it is. */
async function beginning(ask: () => Promise<FirstBytes | undefined>): Promise<FirstBytes | undefined> {
  try {
    return await ask();
  } catch (thrown) {
    if (thrown instanceof MigrateError && !thrown.retry) return undefined;
    throw thrown;
  }
}

export interface FirstAnswer {
  /** `Content-Range`. */
  readonly range: string | undefined;
  readonly version: string | undefined;
  readonly body: Readable;
  /** Bytes that were asked for. */
  readonly length: number;
  /** For messages. */
  readonly place: string;
}

/** The bytes of an answer to a request for the first ones; undefined where it is another one, without a range or version. */
export async function takeFirst({ range, version, body, length, place }: FirstAnswer): Promise<FirstBytes | undefined> {
  const [, last, total] = /^bytes 0-(\d{1,16})\/(\d{1,16})$/.exec(range ?? '') ?? [];
  const size = Number(total);
  if (!version || !Number.isSafeInteger(size) || Number(last) !== Math.min(length, size) - 1) {
    body.destroy();
    return undefined;
  }
  const bytes = new Uint8Array(Math.min(length, size));
  await fillTarget(body, bytes, { place, start: 0 });
  return { stat: { size, version }, bytes };
}
