/**
 * Coercion against a real Elasticsearch: each value of the cases is sent to it; what it indexed (its doc values) must be
 * what we make of `_source`, and what it refuses must be what we reject.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createCoercer } from '../../../src/formats/elastic/coerce.ts';
import type { Cell } from '../../../src/formats/elastic/coerced.ts';
import { createLocator } from '../../../src/formats/elastic/locate.ts';
import { mapField } from '../../../src/formats/elastic/mapping.ts';
import { scanCborPage } from '../../../src/formats/elastic/pageCbor.ts';
import { scanJsonPage } from '../../../src/formats/elastic/pageJson.ts';
import type { Reading } from '../../../src/formats/elastic/raw.ts';
import { readingCbor } from '../../../src/formats/elastic/readCbor.ts';
import { readingJson } from '../../../src/formats/elastic/readJson.ts';
import { createPageBuffer, type Encoding } from '../../../src/sources/elasticsearch/connect.ts';
import { CASE_MAPPING, CASES } from '../../formats/elastic/coerceCases.ts';
import { elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { openPlain, plainAdministrator } from './open.ts';

const INDEX = 'conformance';
type CaseField = keyof typeof CASE_MAPPING;

interface Case {
  readonly id: string;
  readonly field: CaseField;
  readonly text: string;
}

const cases: readonly Case[] = Object.entries(CASES).flatMap(([field, texts]) =>
  texts.map((text, index) => ({ id: `${field}-${index}`, field: field as CaseField, text })),
);

/** What Elasticsearch indexed, by document; a document that it refused is not there. */
const indexed = new Map<string, readonly unknown[]>();
let server: Awaited<ReturnType<typeof elasticsearchForTests>>;

before(async () => {
  server = await elasticsearchForTests();
  const administrator = await plainAdministrator(server.url);
  await administrator.call('PUT', `/${INDEX}`, {
    settings: { number_of_shards: 1, number_of_replicas: 0 },
    mappings: { properties: CASE_MAPPING },
  });
  for (const { id, field, text } of cases)
    await administrator.call('PUT', `/${INDEX}/_doc/${id}`, `{"${field}":${text}}`).then(
      () => indexed.set(id, []),
      (error: Error) => assert.match(error.message, /"status":400/),
    );
  await administrator.call('POST', `/${INDEX}/_refresh`);
  const answer = (await administrator.call('POST', `/${INDEX}/_search`, {
    size: cases.length,
    _source: false,
    docvalue_fields: Object.keys(CASE_MAPPING).map((field) => ({ field, ...formatOf(field as CaseField) })),
  })) as { hits: { hits: { _id: string; fields?: Record<string, unknown[]> }[] } };
  for (const { _id, fields } of answer.hits.hits) indexed.set(_id, fields?.[_id.split('-')[0]!] ?? []);
});

after(async () => {
  await (await plainAdministrator(server.url)).call('DELETE', `/${INDEX}`);
  await server[Symbol.asyncDispose]();
});

/** So that no digit is lost on the way. */
function formatOf(field: CaseField): { format?: string } {
  const { type } = CASE_MAPPING[field];
  if (type === 'date_nanos') return { format: 'strict_date_optional_time_nanos' };
  if (type === 'date') return { format: 'epoch_millis' };
  return type === 'long' || type === 'integer' || type === 'byte' ? { format: '#' } : {};
}

/** As our columns have it; several values are `reject`, none is null. */
function wanted({ id, field }: Case): unknown {
  const values = indexed.get(id);
  if (values === undefined || values.length > 1) return 'reject';
  const [value] = values;
  const { type } = CASE_MAPPING[field];
  if (value === undefined) return null;
  if (type === 'long' || type === 'date') return BigInt(String(value));
  if (type === 'integer' || type === 'byte') return Number(value);
  if (type !== 'date_nanos') return value;
  const [, seconds, fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(String(value))!;
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

function coerced(reading: Reading, at: number, { field }: Case): unknown {
  const mapped = mapField(field, CASE_MAPPING[field], { dates: 'millis' })!;
  const { pieces } = createLocator([field])(reading, at);
  return plain(createCoercer(mapped, { longText: 'reject' })(reading, pieces[0]!));
}

function plain(cell: Cell): unknown {
  if (cell.kind !== 'value') return cell.kind === 'none' ? null : 'reject';
  return typeof cell.value === 'object' ? Buffer.from(cell.value).toString() : cell.value;
}

for (const encoding of ['json', 'cbor'] as const)
  test(`what it indexed is what we make of _source in ${encoding}`, async () => {
    const found = await readAll(encoding);
    assert.equal(found.size, indexed.size);
    for (const one of cases) {
      if (!found.has(one.id)) continue;
      // Not in CBOR any more: how a fraction was written, and the digits of a large one.
      const fraction = /^-?\d.*[.eE]/.test(one.text);
      const large = Math.abs(Number(one.text)) > Number.MAX_SAFE_INTEGER;
      const inexact = /^(keyword|date)/.test(CASE_MAPPING[one.field].type) || (one.field === 'long' && large);
      const lost = encoding === 'cbor' && fraction && inexact;
      assert.deepEqual(found.get(one.id), lost ? 'reject' : wanted(one), `${one.field} ${one.text}`);
    }
  });

async function readAll(encoding: Encoding): Promise<Map<string, unknown>> {
  const elastic = await openPlain(server.url);
  const body = await elastic.bytes(
    { method: 'POST', path: `/${INDEX}/_search`, body: { size: cases.length }, asked: 'read' },
    encoding,
    createPageBuffer(),
  );
  await elastic[Symbol.asyncDispose]();
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const reading = encoding === 'json' ? readingJson(body) : readingCbor(view);
  const found = new Map<string, unknown>();
  const onHit = ({ id, sourceAt }: { id: string; sourceAt: number }): void => {
    found.set(id, coerced(reading, sourceAt, cases.find((one) => one.id === id)!));
  };
  if (encoding === 'json') scanJsonPage(body, onHit);
  else scanCborPage(view, onHit);
  return found;
}

test('what it refuses is what we reject', () => {
  const refused = cases.filter(({ id }) => !indexed.has(id));
  assert.ok(refused.length > 20);
  for (const one of refused) {
    const text = `{"${one.field}":${one.text}}`;
    assert.equal(coerced(readingJson(Buffer.from(text)), 0, one), 'reject', `${one.field} ${one.text}`);
  }
});
