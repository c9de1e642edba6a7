/**
 * What one would write first: the scroll helper of the official client, which parses, and a Float32Array of each vector.
 * Nothing is written. A program of its own, so that it can be measured as one.
 *
 *   node helper.js '{"url":"http://…",…}'
 */
import { Client } from '@elastic/elasticsearch';

export interface Helper {
  readonly url: string;
  readonly index: string;
  readonly documents: number;
  readonly pageRows: number;
}

async function helper({ url, index, documents, pageRows }: Helper): Promise<void> {
  const client = new Client({ node: url });
  let read = 0;
  for await (const { body } of client.helpers.scrollSearch<{ readonly vec: number[] }>({ index, size: pageRows }))
    for (const { _source } of body.hits.hits) read += Float32Array.from(_source!.vec).length > 0 ? 1 : 0;
  await client.close();
  if (read !== documents) throw new Error(`read ${read} of ${documents} documents`);
}

await helper(JSON.parse(process.argv[2]!) as Helper);
