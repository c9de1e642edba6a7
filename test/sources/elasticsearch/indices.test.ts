/** Indices as a real server keeps them: without their documents, closed, with what the mapping alone says of values. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ElasticsearchSource } from '../../../src/config/elasticsearch.ts';
import { type Administrator, elasticsearchForTests } from '../../servers/startElasticsearch.ts';
import { ACCESS, plainAdministrator, sourceOf } from './open.ts';
import { planned } from './reading.ts';

const VECTOR = { type: 'dense_vector', dims: 2, index: false };

let server: Awaited<ReturnType<typeof elasticsearchForTests>>;
let administrator: Administrator;

before(async () => {
  server = await elasticsearchForTests();
  administrator = await plainAdministrator(server.url);
});

after(async () => {
  await server[Symbol.asyncDispose]();
});

function source(index: string, more: Partial<ElasticsearchSource> = {}): ElasticsearchSource {
  return sourceOf(index, { access: { ...ACCESS, urls: [server.url] }, ...more });
}

interface Kept {
  readonly settings?: object;
  readonly mappings?: object;
}

/** An index of one document, as long as it is in use. */
async function indexOf(name: string, { settings = {}, mappings = {} }: Kept, document: unknown = { vec: [1, 2] }) {
  await administrator.call('PUT', `/${name}`, {
    settings: { number_of_shards: 1, number_of_replicas: 0, ...settings },
    mappings: { properties: { vec: VECTOR }, ...mappings },
  });
  await administrator.store(name, [{ id: 'a', source: document }]);
  return { [Symbol.asyncDispose]: async () => void (await administrator.call('DELETE', `/${name}`)) };
}

/** What the plan says is lost or changed. */
async function lossyNotes(config: ElasticsearchSource): Promise<string[]> {
  const { dataset } = await planned(config);
  return dataset.notes.flatMap(({ kind, text }) => (kind === 'lossy' ? [text] : []));
}

const DISABLED: readonly (readonly [string, Kept])[] = [
  ['the old switch', { mappings: { _source: { enabled: false } } }],
  ['the mode in the mapping', { mappings: { _source: { mode: 'disabled' } } }],
  ['the mode as a setting', { settings: { 'index.mapping.source.mode': 'disabled' } }],
];

for (const [how, kept] of DISABLED)
  test(`an index without _source is refused, not read as nothing: ${how}`, async () => {
    await using _ = await indexOf('sourceless', kept);
    await assert.rejects(planned(source('sourceless')), {
      code: 'E_SOURCE_SCHEMA',
      at: { collection: 'sourceless', field: '_source' },
      found: '_source is disabled',
    });
  });

for (const [how, kept] of [
  ['in the mapping', { mappings: { _source: { mode: 'synthetic' } } }],
  ['as a setting', { settings: { 'index.mapping.source.mode': 'synthetic' } }],
] as const)
  test(`synthetic _source is told, ${how}`, async () => {
    await using _ = await indexOf('synthetic', kept);
    const notes = await lossyNotes(source('synthetic'));
    assert.ok(
      notes.some((text) => text.startsWith('synthetic: _source is synthetic')),
      notes.join('\n'),
    );
  });
