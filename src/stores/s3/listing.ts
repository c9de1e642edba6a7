/** Listing keys, page by page. */
import type { S3Session } from './session.ts';

export interface ListedObject {
  readonly path: string;
  readonly size: number;
}

/** Every object below a folder; `''`: in the whole store. */
export async function* listObjects(session: S3Session, folder: string): AsyncGenerator<ListedObject> {
  const prefix = session.below(folder);
  let from: string | undefined;
  for (;;) {
    const page = await nextPage(session, folder, { prefix, from });
    for (const object of page.objects) {
      // Keys that end with «/» are the folders of consoles.
      if (!object.key.endsWith('/')) yield { path: session.path(object.key), size: object.size };
    }
    if (page.next === undefined) return;
    from = page.next;
  }
}

interface Page {
  readonly objects: readonly { readonly key: string; readonly size: number }[];
  /** Where the next one begins; undefined: it was the last. */
  readonly next: string | undefined;
}

async function nextPage(
  session: S3Session,
  folder: string,
  { prefix, from }: { prefix: string; from: string | undefined },
): Promise<Page> {
  const call = { what: 'list', path: folder };
  // Keys may hold what XML can not.
  const request = { Bucket: session.bucket, Prefix: prefix, EncodingType: 'url' as const };
  const v2 = session.dialect.list === 'v2';
  const answer = await session.unless(session.createsBucket ? ['NoSuchBucket'] : [], call, async (s3) => {
    if (v2) return s3.listObjectsV2({ ...request, ...(from === undefined ? {} : { ContinuationToken: from }) });
    const v1 = await s3.listObjects({ ...request, ...(from === undefined ? {} : { Marker: from }) });
    return { ...v1, NextContinuationToken: undefined };
  });
  if (answer === undefined) return { objects: [], next: undefined };
  // Without it the answer is none of S3's: an empty listing must not be taken from just any web page.
  const more = session.must(answer.IsTruncated, 'IsTruncated', call);
  const encoded = answer.EncodingType === 'url';
  const objects = (answer.Contents ?? []).map(({ Key, Size }) => {
    const key = session.must(Key, 'Key', call);
    return { key: encoded ? decoded(key) : key, size: session.must(Size, 'Size', call) };
  });
  if (!more) return { objects, next: undefined };
  const next = v2 ? answer.NextContinuationToken : objects.at(-1)?.key;
  return { objects, next: session.must(next, 'NextContinuationToken', call) };
}

function decoded(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
