/** Documents of which `_source` leaves something out: a real Elasticsearch writes the rest anew, not as it was sent. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Administrator, elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { ACCESS, plainAdministrator, sourceOf } from './open.ts';
import { readIndex } from './reading.ts';

let server: Awaited<ReturnType<typeof elasticsearchForTests>>;
let administrator: Administrator;

before(async () => {
  server = await elasticsearchForTests();
  administrator = await plainAdministrator(server.url);
});

after(async () => {
  await server[Symbol.asyncDispose]();
});

const PROPERTIES = {
  vec: { type: 'dense_vector', dims: 2, index: false },
  secret: { type: 'keyword' },
  tag: { type: 'keyword' },
  tags: { type: 'keyword' },
  at: { type: 'date_nanos' },
  n: { type: 'long' },
};

/** Bodies as they are sent: `JSON.stringify` would write the numbers its own way. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  fraction: '"tag":1.10',
  exponent: '"tag":1e2',
  several: '"tags":["a",2.50]',
  nanos: '"at":1577836800123.456789',
  whole: '"tag":12,"n":9007199254740993',
  text: '"tag":"1.10"',
  long: '"n":1e2',
};

async function indexed(name: string, source: object): Promise<AsyncDisposable> {
  await administrator.call('PUT', `/${name}`, {
    settings: { number_of_shards: 1, number_of_replicas: 0 },
    mappings: { _source: source, properties: PROPERTIES },
  });
  for (const [id, members] of Object.entries(DOCUMENTS)) {
    const answer = await fetch(`${server.url}/${name}/_doc/${id}?refresh=true`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: `{"vec":[1.10,2e0],"secret":"s",${members}}`,
    });
    assert.equal(answer.status, 201, await answer.text());
  }
  return { [Symbol.asyncDispose]: async () => void (await administrator.call('DELETE', `/${name}`)) };
}

async function readAll(index: string, encoding: 'json' | 'cbor') {
  const { rows, refused } = await readIndex(sourceOf(index, { access: { ...ACCESS, urls: [server.url] }, encoding }));
  return {
    rows: new Map(rows.map((row) => [row._id, row])),
    refused: new Map(refused.map(({ key, reason }) => [key, reason])),
  };
}

for (const encoding of ['json', 'cbor'] as const)
  test(`fractions in texts and dates are refused where they are not what was sent, ${encoding}`, async () => {
    await using _ = await indexed('rewritten', { excludes: ['secret'] });
    const { rows, refused } = await readAll('rewritten', encoding);
    for (const key of ['fraction', 'exponent', 'nanos']) assert.match(refused.get(key) ?? '', /not what was sent/, key);
    assert.equal(rows.get('whole')?.tag, '12');
    assert.equal(rows.get('whole')?.n, 9_007_199_254_740_993n);
    assert.equal(rows.get('text')?.tag, '1.10');
    assert.equal(rows.get('long')?.n, 100n);
    assert.equal(rows.size + refused.size, Object.keys(DOCUMENTS).length);
  });

test('where nothing is left out, they are', async () => {
  await using _ = await indexed('as-sent', {});
  const { rows } = await readAll('as-sent', 'json');
  assert.equal(rows.get('fraction')?.tag, '1.10');
  assert.equal(rows.get('exponent')?.tag, '1e2');
});
