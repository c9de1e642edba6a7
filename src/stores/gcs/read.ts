/** Reading objects: one generation of each, by ranges. */
import type { StoreFile, StoreStat } from '../../core/contracts.ts';
import { rangedFile } from '../http/ranged.ts';
import { otherBytes, type ReadBody, wholeNumber } from '../http/ranges.ts';
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
  const read = bodyReader(session, path, stat.version);
  return rangedFile({ stat, place: session.describe(path), read, pace: session.pace });
}

function bodyReader(session: GcsSession, path: string, generation: string): ReadBody {
  const doing: Doing = { what: 'read', path };
  const at = objectAt(session, path);
  return (start, length, use) => {
    const last = start + length - 1;
    // The first names the generation, the second is for what stands in for the service and knows no generations.
    const query = { alt: 'media', generation, ifGenerationMatch: generation };
    // What lies there gzipped is to come as it lies there.
    const headers = { range: `bytes=${start}-${last}`, 'accept-encoding': 'gzip' };
    return session.stream(doing, { method: 'GET', at, query, headers }, async (headers, body) => {
      const found = `${headers['content-range'] || 'no range'}, generation ${headers['x-goog-generation'] ?? generation}`;
      const wanted = new RegExp(`^bytes ${start}-${last}/(\\d+|\\*), generation ${generation}$`);
      if (!wanted.test(found)) {
        body.destroy();
        throw otherBytes(session.describe(path), found, `bytes ${start}-${last}, generation ${generation}`);
      }
      await use(body);
    });
  };
}
