/** Reading objects: one generation of each, by ranges. */
import type { StoreFile, StoreStat } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { fillTarget, otherBytes, wholeNumber } from '../http/ranges.ts';
import { absent, type Doing, type GcsSession, objectAt } from './session.ts';

/** `version` is the generation. undefined: no such object, in a bucket that is there. */
export async function statObject(session: GcsSession, path: string): Promise<StoreStat | undefined> {
  const doing: Doing = { what: 'look at an object', path };
  const query = { fields: 'size,generation' };
  const found = await session.unless(404, doing, { method: 'GET', at: objectAt(session, path), query });
  if (found === undefined) return absent(session, doing);
  const size = wholeNumber(session.must(found, 'size', doing), 'size', session.describe(path));
  return { size, version: session.must(found, 'generation', doing) };
}

export async function openObject(session: GcsSession, path: string): Promise<StoreFile | undefined> {
  const stat = await statObject(session, path);
  if (stat === undefined) return undefined;
  return {
    ...stat,
    async readInto(target, start) {
      if (start + target.length > stat.size)
        throw new MigrateError('E_STORE', 'the object ended early', {
          at: { file: session.describe(path), offset: start },
          found: `${Math.max(0, stat.size - start)} bytes`,
          wanted: `${target.length} bytes`,
        });
      if (target.length > 0) await readRange(session, path, { target, start, generation: stat.version });
    },
    close: async () => undefined,
  };
}

interface Range {
  readonly target: Uint8Array;
  readonly start: number;
  readonly generation: string;
}

async function readRange(session: GcsSession, path: string, { target, start, generation }: Range): Promise<void> {
  const doing: Doing = { what: 'read', path };
  const last = start + target.length - 1;
  const place = session.describe(path);
  await session.stream(
    doing,
    {
      method: 'GET',
      at: objectAt(session, path),
      // The first names the generation, the second is for what stands in for the service and knows no generations.
      query: { alt: 'media', generation, ifGenerationMatch: generation },
      // What lies there gzipped is to come as it lies there.
      headers: { range: `bytes=${start}-${last}`, 'accept-encoding': 'gzip' },
    },
    async (headers, body) => {
      const found = `${headers['content-range'] || 'no range'}, generation ${headers['x-goog-generation'] ?? generation}`;
      const wanted = new RegExp(`^bytes ${start}-${last}/(\\d+|\\*), generation ${generation}$`);
      if (!wanted.test(found)) {
        body.destroy();
        throw otherBytes(place, found, `bytes ${start}-${last}, generation ${generation}`);
      }
      await fillTarget(body, target, { place, start });
    },
  );
}
