/** The bytes of a ranged read on their way into memory. */
import type { Readable } from 'node:stream';
import { MigrateError } from '../../core/errors.ts';
import { tellShortLived } from '../../core/shortLived.ts';

/**
 * One request for `length` bytes from `start` on. What is given to `use` is the body of an answer that was checked to be
 * these bytes of this version. Settles when `use` has; its errors come as the store's.
 */
export type ReadBody = (start: number, length: number, use: (body: Readable) => Promise<void>) => Promise<void>;

export interface RangePlace {
  readonly place: string;
  /** Offset in the object of the first byte. */
  readonly start: number;
}

/**
 * Fills the target from the body, with one copy; too few bytes or too many are an error. By events: an asynchronous
 * iteration costs more per chunk than the copy.
 */
export function fillTarget(body: Readable, target: Uint8Array, { place, start }: RangePlace): Promise<void> {
  return new Promise((resolve, reject) => {
    let got = 0;
    body.on('data', (chunk: Uint8Array) => {
      if (got + chunk.length > target.length) {
        body.destroy();
        reject(otherBytes(place, 'more bytes', `${target.length} bytes`));
        return;
      }
      target.set(chunk, got);
      got += chunk.length;
      tellShortLived(chunk.length);
    });
    body.on('error', reject);
    // Also where it was destroyed without an error; after `end`, `error` or `reject` it changes nothing.
    body.on('close', () => (got === target.length ? resolve() : reject(early())));
    body.on('end', () => (got === target.length ? resolve() : reject(early())));

    const early = (): MigrateError => endedEarly({ place, start }, got, target.length);
  });
}

export function endedEarly({ place, start }: RangePlace, got: number, wanted: number): MigrateError {
  return new MigrateError('E_STORE', 'could not read: the answer ended early', {
    at: { file: place, offset: start },
    found: `${got} bytes`,
    wanted: `${wanted} bytes`,
    retry: true,
  });
}

export function otherBytes(place: string, found: string, wanted: string): MigrateError {
  return new MigrateError('E_STORE', 'could not read: the service sent other bytes than it was asked for', {
    at: { file: place },
    found,
    wanted,
    hint: 'a proxy in between may do this: go to the service itself',
  });
}

/** A size in an answer's text. */
export function wholeNumber(text: string, field: string, place: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new MigrateError('E_STORE', 'the service gave a size that is none', {
    at: { file: place, field },
    found: text.slice(0, 40),
  });
}
