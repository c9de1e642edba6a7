/**
 * Many reads by one request: a body whose bytes go into one target after the other, in their order. Where nobody wants
 * the next byte yet, the body waits in its connection.
 *
 * ```
 *   asked for   | start ─────────────────────────────────────────────────────────── end |
 *   taken       | target 0 | target 1 |gap| target 2 |  next
 *   came        | ─────────────────► at                   (held: what is left of the last chunk)
 * ```
 * A body that breaks off fails the reads that wait for it; each may be made again, by another request.
 */
import type { Readable } from 'node:stream';
import { tellShortLived } from '../../core/shortLived.ts';
import { endedEarly, otherBytes, type ReadBody } from './ranges.ts';

export interface Stretch {
  /** Where the bytes begin that nobody took; what is taken must not begin before. */
  readonly next: number;
  /** Whether more may be taken: false once it failed, or was closed. */
  readonly open: boolean;
  /** Whether any byte of it came. */
  readonly came: boolean;
  /** Fills the target with the bytes from `start` on; those before it that nobody took are dropped. */
  take(target: Uint8Array, start: number): Promise<void>;
  /** No more will be taken. What was taken is still served. */
  close(): void;
}

export interface StretchParts {
  readonly start: number;
  readonly end: number;
  readonly place: string;
  readonly read: ReadBody;
}

interface Claim {
  readonly target: Uint8Array;
  readonly start: number;
  got: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function openStretch({ start, end, place, read }: StretchParts): Stretch {
  const claims: Claim[] = [];
  let next = start;
  let at = start;
  /** Where what the body brought ends. */
  let came = start;
  let held: Uint8Array | undefined;
  let body: Readable | undefined;
  let open = true;

  const serve = (chunk: Uint8Array): void => {
    for (let rest = chunk; rest.length > 0; ) {
      const claim = claims[0];
      if (claim === undefined) {
        held = rest;
        body!.pause();
        return;
      }
      const { target, got } = claim;
      const dropped = Math.min(Math.max(0, claim.start - at), rest.length);
      const taken = Math.min(rest.length - dropped, target.length - got);
      if (taken > 0) target.set(taken === rest.length ? rest : rest.subarray(dropped, dropped + taken), got);
      claim.got += taken;
      at += dropped + taken;
      rest = rest.subarray(dropped + taken);
      if (claim.got < target.length) continue;
      claims.shift();
      claim.resolve();
    }
  };
  const goOn = (): void => {
    if (body === undefined) return;
    const chunk = held;
    held = undefined;
    if (chunk !== undefined) serve(chunk);
    if (!open && claims.length === 0) body.destroy();
    else if (held === undefined) body.resume();
  };
  const pour = (from: Readable): Promise<void> =>
    new Promise((resolve, reject) => {
      body = from;
      from.on('data', (chunk: Uint8Array) => {
        came += chunk.length;
        if (came > end) {
          from.destroy();
          reject(otherBytes(place, 'more bytes', `${end - start} bytes`));
          return;
        }
        serve(chunk);
        tellShortLived(chunk.length);
        if (!open && claims.length === 0) from.destroy();
      });
      const over = (): void => {
        if (came === end || (!open && claims.length === 0)) resolve();
        else reject(endedEarly({ place, start }, came - start, end - start));
      };
      from.on('error', reject);
      from.on('end', over);
      // Also where it was destroyed without an error; after any of the above it changes nothing.
      from.on('close', over);
      if (!open && claims.length === 0) from.destroy();
    });

  // A failure while nobody waits fails nobody: whoever comes next asks the service himself.
  read(start, end - start, pour).catch((thrown: unknown) => {
    open = false;
    for (const { reject } of claims.splice(0)) reject(thrown);
  });
  return {
    get next() {
      return next;
    },
    get open() {
      return open;
    },
    get came() {
      return came > start;
    },
    take(target, from) {
      next = from + target.length;
      return new Promise((resolve, reject) => {
        claims.push({ target, start: from, got: 0, resolve, reject });
        goOn();
      });
    },
    close() {
      open = false;
      goOn();
    },
  };
}
