/**
 * The reads of a dump without what a dump does with them: the same requests by the same client, the bytes of the
 * answers only counted. What this takes, the cluster and the connection take. A program of its own, so that it can be
 * measured as one.
 *
 *   node reads.js '{"url":"http://…",…}'
 */
import { Client } from '@elastic/elasticsearch';

export interface Reads {
  readonly url: string;
  readonly index: string;
  /** Documents of each shard. Nothing was ever changed: their `_seq_no` go from 0 on. */
  readonly shards: readonly number[];
  readonly encoding: 'json' | 'cbor';
  /** Requests under way at a time. */
  readonly atOnce: number;
  readonly pageRows: number;
}

interface Stretch {
  readonly pit: string;
  readonly from: number;
  readonly to: number;
}

async function reads({ url, index, shards, encoding, atOnce, pageRows }: Reads): Promise<void> {
  const client = new Client({ node: url, maxRetries: 0, compression: false });
  const pits: string[] = [];
  const waiting: Stretch[] = [];
  for (const [shard, documents] of shards.entries()) {
    const { id } = await client.openPointInTime({ index, keep_alive: '10m', preference: `_shards:${shard}` });
    pits.push(id);
    const length = Math.ceil(documents / atOnce);
    for (let from = 0; from < documents; from += length)
      waiting.push({ pit: id, from, to: Math.min(documents, from + length) });
  }
  let bytes = 0;
  const headers = { accept: `application/${encoding}`, 'content-type': 'application/json' };
  const page = async ({ pit, from, to }: Stretch): Promise<void> => {
    const body = JSON.stringify({
      size: to - from,
      query: { range: { _seq_no: { gte: from, lt: to } } },
      sort: [{ _seq_no: 'asc' }],
      track_total_hits: false,
      _source: true,
      pit: { id: pit, keep_alive: '10m' },
    });
    const querystring = { allow_partial_search_results: false };
    const answer = await client.transport.request<AsyncIterable<Uint8Array>>(
      { method: 'POST', path: '/_search', querystring, body },
      { headers, asStream: true },
    );
    for await (const chunk of answer) bytes += chunk.length;
  };
  const lane = async (): Promise<void> => {
    for (let stretch = waiting.shift(); stretch !== undefined; stretch = waiting.shift())
      for (let from = stretch.from; from < stretch.to; from += pageRows)
        await page({ pit: stretch.pit, from, to: Math.min(stretch.to, from + pageRows) });
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  for (const id of pits) await client.closePointInTime({ id });
  await client.close();
  process.stderr.write(`${bytes} bytes\n`);
}

await reads(JSON.parse(process.argv[2]!) as Reads);
