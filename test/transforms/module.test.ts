/** A module of the user's own: what it sees, what it may change, and what is said of one that is wrong. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../src/core/contracts.ts';
import { MigrateError } from '../../src/core/errors.ts';
import type { TransformStep } from '../../src/core/transformSteps.ts';
import { loadUserModule } from '../../src/core/userModule.ts';
import { openSteps, planSteps } from '../../src/transforms/index.ts';
import { batchOf, EVERY_TYPE, type Row, rowOfEveryType } from '../encoders/rows.ts';
import { repoRoot } from '../root.ts';
import { temporaryFolder } from '../temporary.ts';
import { through } from './readBack.ts';

const temporary = temporaryFolder();
after(() => temporary[Symbol.dispose]());
const folder = temporary.path;
let count = 0;

function moduleOf(text: string, options: Json = null): TransformStep {
  const path = join(folder, `transform${count++}.mjs`);
  writeFileSync(path, text);
  return { kind: 'module', path, options };
}

const SEES_ALL = `
export default function (batch) {
  const before = JSON.stringify(batch.schema);
  for (const { name, primaryKey } of batch.schema.fields) if (!primaryKey) batch.set(name, batch.values(name), batch.nulls(name));
  if (JSON.stringify(batch.schema) !== before) throw new Error('the schema was changed');
}`;

test('what it gets and gives back unchanged is the same, for every type', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(rowOfEveryType, { maxLength: 8 }), async (rows) => {
      const same = await through([moduleOf(SEES_ALL)], rows);
      assert.deepEqual(same.rows, (await through([], rows)).rows);
    }),
    { numRuns: 30 },
  );
});

const CHANGES = `
export function schema({ fields, metric }, { options }) {
  const kept = fields.filter(({ name }) => name !== 'bits');
  return { metric, fields: [...kept, { name: options.name, type: 'VarChar', maxLength: 6, nullable: true }] };
}
export async function transform(batch, { options }) {
  const texts = batch.values('text');
  const tiny = batch.values('tiny');
  const vectors = batch.values('vector');
  const upper = texts.map((text) => (text === null ? null : text.toUpperCase()));
  for (let row = 0; row < batch.rows; row++) {
    if (tiny[row] < 0) batch.leaveOut(row);
    if (tiny[row] > 100) batch.refuse(row, 'tiny: too large');
    for (let at = 3 * row; at < 3 * row + 3; at++) vectors[at] *= 2;
  }
  batch.count('vectors: doubled', batch.rows);
  batch.set('vector', vectors);
  batch.set(options.name, upper);
}`;

test('it adds and drops fields, changes values, leaves rows out and refuses them', async () => {
  const steps: readonly TransformStep[] = [
    { kind: 'filter', expression: 'flag' },
    moduleOf(CHANGES, { name: 'upper' }),
    { kind: 'drop', fields: ['text'] },
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(rowOfEveryType, { maxLength: 12 }), async (given) => {
      const rows: Row[] = given.map((row, at) => ({
        ...row,
        id: BigInt(at),
        text: row.text === null ? null : `t${at}`,
      }));
      const { batch, schema, rows: got } = await through(steps, rows);
      assert.ok(!schema.fields.some(({ name }) => name === 'bits' || name === 'text'));
      const seen = rows.filter(({ flag }) => flag === true);
      const want = seen.filter(({ tiny }) => Number(tiny) >= 0 && Number(tiny) <= 100);
      assert.deepEqual(
        got.map(({ id, vector, upper }) => ({ id, vector, upper })),
        want.map(({ id, vector, text }) => ({
          id,
          vector: (vector as number[]).map((value) => Math.fround(2 * value)),
          upper: text === null ? null : String(text).toUpperCase(),
        })),
      );
      const refused = seen.filter(({ tiny }) => Number(tiny) > 100);
      assert.deepEqual(
        batch.refused?.map(({ key, reason }) => [key, reason]) ?? [],
        refused.map(({ id }) => [String(id), 'tiny: too large']),
      );
      // As the source has it: neither doubled nor without its text.
      for (const [at, { row }] of (batch.refused ?? []).entries()) {
        assert.deepEqual(JSON.parse(row).text, refused[at]!.text);
        assert.deepEqual(JSON.parse(row).vector, refused[at]!.vector);
      }
      assert.equal(batch.filtered ?? 0, rows.length - want.length - refused.length);
      assert.deepEqual(batch.changes, seen.length === 0 ? undefined : { 'vectors: doubled': seen.length });
    }),
    { numRuns: 60 },
  );
});

/** Of a schema with every type and these: field, the text that a module sets, why its row is refused; undefined: it is not. */
const TEXTS: readonly (readonly [string, string, RegExp | undefined])[] = [
  ['meta', '{', /^meta: found \{, wanted the text of a JSON value/],
  ['meta', '{"a":"\\ud800"}', /wanted texts of whole characters/],
  ['meta', '{"a":"\ud800"}', /wanted a text of whole characters/],
  ['meta', '{"a":"\\ud83d\\ude00"}', undefined],
  ['meta', `"${'x'.repeat(65_535)}"`, /wanted JSON of at most 65536 bytes/],
  ['meta', '{"a":1e400}', /wanted numbers within a double/],
  ['meta', `{"a":"${'x'.repeat(2 ** 24)}","b":1e400}`, /wanted JSON of at most 65536 bytes/],
  ['text', 'ü'.repeat(101), /wanted text of at most 200 bytes/],
  ['text', 'a\ud800b', /wanted a text of whole characters/],
  ['text', 'a\0\ufeff😀', undefined],
  ['longs', '[9223372036854775807, -9223372036854775808]', undefined],
  ['longs', '[9223372036854775808]', /wanted values of type Int64/],
  ['longs', '[1.0]', /wanted values of type Int64/],
  ['longs', '["7"]', /wanted values of type Int64/],
  ['longs', '[null]', /wanted values of type Int64/],
  ['longs', '{"a":1}', /wanted the text of a JSON array/],
  ['longs', '[1', /wanted the text of a JSON array/],
  ['longs', '[0,1,2,3,4,5,6,7,8,9]', /wanted at most 9 values/],
  ['tags', '["a", ""]', undefined],
  ['tags', '[7]', /wanted values of type VarChar/],
  ['tags', '["\\ud800"]', /wanted values of type VarChar/],
  ['tags', JSON.stringify(['x'.repeat(201)]), /wanted values of type VarChar/],
  ['bytes', '[127, -128]', undefined],
  ['bytes', '[128]', /wanted values of type Int8/],
  ['reals', '[3.4e38, -0.0]', undefined],
  ['reals', '[3.5e38]', /wanted values of type Float/],
  ['flags', '[true]', undefined],
  ['flags', '[1]', /wanted values of type Bool/],
  ['$meta', '[1]', /wanted the text of a JSON object/],
  ['$meta', '{"real":1}', /found a key real, wanted no key that is the name of a field/],
  ['$meta', '{"$meta":1}', /found a key \$meta, wanted no key/],
];

const ARRAYS = `
export const schema = ({ fields, metric }) => ({ metric, fields: [...fields,
  ...Object.entries({ bytes: 'Int8', reals: 'Float', flags: 'Bool' }).map(([name, element]) => ({ name, type: 'Array', element })),
  { name: '$meta', type: 'JSON', dynamic: true }] });
export const transform = (batch, { options: { name, text } }) => {
  for (const array of ['bytes', 'reals', 'flags']) batch.set(array, Array(batch.rows).fill('[]'));
  batch.set('$meta', Array(batch.rows).fill(' {}'));
  batch.set(name, Array(batch.rows).fill(text));
};`;

test('texts that do not fit refuse their row, whatever the type', async () => {
  const [row] = fc.sample(rowOfEveryType, { numRuns: 1, seed: 5 });
  for (const [name, text, said] of TEXTS) {
    const { batch, rows } = await through([moduleOf(ARRAYS, { name, text })], [row!]);
    if (said === undefined) assert.equal(rows[0]?.[name], text, batch.refused?.[0]?.reason);
    else assert.match(batch.refused?.[0]?.reason ?? `${name}: ${text} was taken`, said);
  }
});

/** Text of a module, what the error of planning or running says. */
const WRONG: readonly (readonly [string, RegExp])[] = [
  ['export const other = 1;', /without the function.*exports other.*export default function/],
  ['export default 5;', /without the function/],
  ['export function transform() {} export const schema = 1;', /whose schema is no function/],
  ['export function', /can not be loaded.*Unexpected/],
  ['export function transform() {} export const schema = () => undefined;', /schema is no schema.*undefined/],
  [
    'export function transform() {} export const schema = () => { throw new Error("oh no") };',
    /schema function failed.*oh no/,
  ],
  [
    'export function transform() {} export const schema = (s) => ({ ...s, fields: s.fields.slice(0, 1) });',
    /has no vector/,
  ],
  [
    'export function transform() {} export const schema = (s) => ({ ...s, fields: [...s.fields, s.fields[3]] });',
    /a name twice/,
  ],
  [
    'export function transform() {} export const schema = (s) => ({ ...s, fields: [{ ...s.fields[0], name: "other" }, ...s.fields.slice(1)] });',
    /changes the primary key/,
  ],
  [
    'export function transform() {} export const schema = (s) => ({ ...s, fields: [...s.fields, { name: "n", type: "Number" }] });',
    /of a type that there is not.*Number/,
  ],
  [
    'export function transform() {} export const schema = (s) => ({ ...s, fields: [...s.fields, { name: "n", type: "Int8" }] });',
    /n \(Int8\) that `schema` says was not set/,
  ],
  [
    'export default (batch) => batch.set("id", batch.values("id"));',
    /failed on rows of test.*primary key id can not be changed/,
  ],
  ['export default (batch) => batch.set("nosuch", []);', /no field nosuch; there are id, vector/],
  [
    'export default (batch) => batch.set("real", new Float64Array(batch.rows));',
    /Float64Array of 1, wanted a Float32Array of 1/,
  ],
  [
    'export default (batch) => batch.set("vector", new Float32Array(1));',
    /Float32Array of 1, wanted a Float32Array of 3/,
  ],
  ['export default (batch) => batch.set("meta", [null]);', /meta is not nullable/],
  ['export default (batch) => batch.refuse(batch.rows, "x");', /no row 1 in a batch of 1/],
  ['export default (batch) => batch.count("n", NaN);', /n: NaN is no count/],
  ['export default () => [1];', /gives something back/],
  ['export default async () => { throw new Error("later") };', /failed on rows of test.*later.*transform\d+\.mjs:1:/],
];

test('a module that is wrong is an error that names it', async () => {
  const rows = fc.sample(rowOfEveryType, { numRuns: 1, seed: 2 });
  for (const [text, said] of WRONG) {
    const step = moduleOf(text);
    await assert.rejects(through([step], rows), (error) => {
      assert.ok(error instanceof MigrateError, `${text}: ${String(error)}`);
      assert.equal(error.code, 'E_CONFIG', text);
      assert.equal(error.at.file, step.kind === 'module' ? step.path : '', text);
      assert.match(`${error.message} | ${error.found} | ${error.wanted} | ${error.hint}`, said);
      return true;
    });
  }
});

test('a module that is not there, one in TypeScript, one of a package', async () => {
  const missing: TransformStep = { kind: 'module', path: join(folder, 'nosuch.mjs'), options: null };
  await assert.rejects(planSteps(EVERY_TYPE, [missing], 'things'), /there is no such module/);
  const typed = join(folder, 'typed.ts');
  writeFileSync(typed, 'export default (batch: unknown): void => {};');
  await assert.rejects(loadUserModule(typed), (error) => error instanceof MigrateError && /tsc/.test(error.hint ?? ''));
  await assert.rejects(loadUserModule('no-such-package', folder), /there is no such module/);

  const install = (name: string, manifest: Json, file: string, text: string): void => {
    const home = join(folder, 'node_modules', name);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(home, file), text);
  };
  install('old-style', { main: 'main.js' }, 'main.js', 'exports.transform = () => undefined;');
  install('@own/new-style', { exports: { '.': { import: './new.mjs' } } }, 'new.mjs', 'export const transform = 7;');
  const below = join(folder, 'a', 'b');
  mkdirSync(below, { recursive: true });
  const old = await loadUserModule('old-style', below);
  assert.equal(typeof (old.exports.default as { transform?: unknown }).transform, 'function');
  assert.equal((await loadUserModule('@own/new-style', below)).exports.transform, 7);
});

test('the example of the documentation runs', async () => {
  const [, text] = /```js\n(.*?)```/s.exec(readFileSync(join(repoRoot, 'docs/transforms.md'), 'utf8')) ?? [];
  const steps: readonly TransformStep[] = [{ kind: 'rename', from: 'text', to: 'title' }, moduleOf(text!)];
  const [row] = fc.sample(rowOfEveryType, { numRuns: 1, seed: 2 });
  const rows = ['two words', null, 'a\0b', ' one '].map((text, id) => ({ ...row, id: BigInt(id), text }));
  const { batch, rows: got } = await through(steps, rows);
  assert.deepEqual(
    got.map(({ id, words }) => [id, words]),
    [
      [0n, 2n],
      [3n, 1n],
    ],
  );
  assert.deepEqual([batch.filtered, batch.refused?.map(({ key }) => key)], [1, ['2']]);
});

test('batches go through one at a time, also where a module takes its time', async () => {
  const slow = moduleOf(`export default async (batch) => { await new Promise(setImmediate); batch.leaveOut(0); };`);
  const transform = await openSteps(EVERY_TYPE, [slow, { kind: 'drop', fields: ['text'] }]);
  const rows = fc.sample(rowOfEveryType, { numRuns: 3, seed: 2 });
  const after = await transform(batchOf(EVERY_TYPE, rows));
  assert.equal(after.rows, 2);
  assert.equal(after.filtered, 1);
});
