/** Reading objects: one generation of each, by ranges. */
import type { StoreStat } from '../../core/contracts.ts';
import { type FirstBytes, opener, takeFirst } from '../http/opening.ts';
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

export const openObject = opener({ stat: statObject, first: firstBytes, reader: bodyReader });

function firstBytes(session: GcsSession, path: string, length: number): Promise<FirstBytes | undefined> {
  const doing: Doing = { what: 'read', path };
  const headers = { range: `bytes=0-${length - 1}`, ...AS_IT_LIES };
  const request = { method: 'GET', at: objectAt(session, path), query: { alt: 'media' }, headers } as const;
  return session.stream(doing, request, (headers, body) => {
    const version = headers['x-goog-generation'] as string | undefined;
    return takeFirst({ range: headers['content-range'], version, body, length, place: session.describe(path) });
  });
}

/** What lies there gzipped is to come so. */
const AS_IT_LIES = { 'accept-encoding': 'gzip' };

function bodyReader(session: GcsSession, path: string, generation: string): ReadBody {
  const doing: Doing = { what: 'read', path };
  const at = objectAt(session, path);
  return (start, length, use) => {
    const last = start + length - 1;
    // The first names the generation, the second is for what stands in for the service and knows no generations.
    const query = { alt: 'media', generation, ifGenerationMatch: generation };
    const headers = { range: `bytes=${start}-${last}`, ...AS_IT_LIES };
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
