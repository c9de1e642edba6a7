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

export interface OpeningParts {
  /** For messages: s3://bucket/key */
  readonly place: string;
  readonly pace: Pace;
  /** One request that says what is there; undefined: nothing. */
  stat(): Promise<StoreStat | undefined>;
  /** One request for so many first bytes of whatever is there; undefined: the answer does not tell enough. */
  first(length: number): Promise<FirstBytes | undefined>;
  /** Reads of that version alone. */
  reader(version: string): ReadBody;
}

export async function openRanged({ known, first }: Opening, parts: OpeningParts): Promise<StoreFile | undefined> {
  const { place, pace } = parts;
  const begun = known === undefined && first !== undefined ? await begin(first, parts) : undefined;
  const stat = known ?? begun?.stat ?? (await parts.stat());
  if (stat === undefined) return undefined;
  const { size, version } = stat;
  return rangedFile({ stat: { size, version }, place, read: parts.reader(version), first: begun?.bytes, pace });
}

/** What is absent, empty or refused is looked at as ever: that answer says what it is. */
async function begin(length: number, parts: OpeningParts): Promise<FirstBytes | undefined> {
  try {
    return await parts.first(length);
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
