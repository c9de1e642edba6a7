/** Steps and formats as flags, and sources of one's own. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { resolveConfig } from '../../src/cli/resolve.ts';
import type { MigrateError } from '../../src/core/errors.ts';

const cwd = mkdtempSync(join(tmpdir(), 'milvus-migrate-transforms-'));
mkdirSync(join(cwd, 'dump'));
after(() => rmSync(cwd, { recursive: true }));

async function configOf(...argv: string[]) {
  return (await resolveConfig([...argv, '--to', 'h:1'], { HOME: '/home/user' }, cwd)).config;
}

const RUN = ['run', 'milvus1x:/db'];

test('steps come in the order of the command line, over whatever the flags are', async () => {
  const { transforms, format } = await configOf(
    ...[...RUN, '--normalise', 'v', '--rename', 'a=b', '--drop', 'x,y', '--where', 'price > 5', '--rename', 'c=d'],
    ...['--cast', 'price:float', '--threads', '2', '--cast=code:VarChar(32):count', '--select', 'b,d', '--transform'],
    ...['./my.js', '--constant', 'n:Int64=9007199254740993', '--constant', 'o:VarChar(8)=a=b:c', '--normalize', 'w'],
    ...[
      '--constant',
      'j:JSON={"a":[1]}',
      '--constant',
      'e:VarChar=',
      '--constant',
      'b:Bool=true',
      '--format',
      'parquet',
    ],
  );
  assert.deepEqual(transforms, [
    { kind: 'normalise', field: 'v' },
    { kind: 'rename', from: 'a', to: 'b' },
    { kind: 'drop', fields: ['x', 'y'] },
    { kind: 'filter', expression: 'price > 5' },
    { kind: 'rename', from: 'c', to: 'd' },
    { kind: 'cast', field: 'price', to: 'Float', onLoss: 'reject' },
    { kind: 'cast', field: 'code', to: 'VarChar', maxLength: 32, onLoss: 'count' },
    { kind: 'select', fields: ['b', 'd'] },
    { kind: 'module', path: join(cwd, 'my.js'), options: {} },
    { kind: 'constant', field: 'n', type: 'Int64', value: '9007199254740993' },
    { kind: 'constant', field: 'o', type: 'VarChar', maxLength: 8, value: 'a=b:c' },
    { kind: 'normalise', field: 'w' },
    { kind: 'constant', field: 'j', type: 'JSON', value: { a: [1] } },
    { kind: 'constant', field: 'e', type: 'VarChar', value: '' },
    { kind: 'constant', field: 'b', type: 'Bool', value: true },
  ]);
  assert.equal(format, 'parquet');
});

test('a constant that its double does not tell keeps its digits, however it is written', async () => {
  const digits = '1.00000000000000000001';
  for (const [written, value] of [
    [digits, digits],
    [`+${digits}`, digits],
    [`-0${digits}`, `-${digits}`],
    ['.50000000000000000001', '0.50000000000000000001'],
    ['+9007199254740993.', '9007199254740993'],
    ['-.0', '-0.0'],
    ['+0.5', 0.5],
    ['.25e1', 2.5],
  ] as const) {
    const { transforms } = await configOf(...RUN, '--constant', `a:Double=${written}`);
    assert.deepEqual(transforms, [{ kind: 'constant', field: 'a', type: 'Double', value }], written);
  }
});

test('what a step can not be is refused, with what is wanted', async () => {
  for (const [argv, message] of [
    [['--select', 'a,,b'], /--select/],
    [['--rename', 'a'], /--rename/],
    [['--rename', 'a=b=c'], /--rename/],
    [['--cast', 'price'], /--cast/],
    [['--cast', 'price:Array'], /--cast/],
    [['--cast', 'price:Float(3)'], /--cast/],
    [['--cast', 'code:VarChar(65536)'], /--cast/],
    [['--where', ''], /--where/],
    [['--constant', 'a:Int8'], /--constant/],
    [['--constant', 'a:Int8=128'], /none of its type/],
    [['--constant', 'a:Int64=9223372036854775808'], /none of its type/],
    [['--constant', 'a:Int32=1.5'], /none of its type/],
    [['--constant', 'a:Float=1e39'], /none of its type/],
    [['--constant', 'a:Double=NaN'], /none of its type/],
    [['--constant', 'a:Bool=yes'], /none of its type/],
    [['--constant', 'a:VarChar(3)=äöü'], /none of its type/],
    [['--constant', 'a:JSON={a}'], /none of its type/],
    [['--constant', 'a:JSON={"a":9007199254740993}'], /none of its type/],
    [['--constant', 'a:JSON=[-0]'], /none of its type/],
    [['--format', 'csv'], /--format/],
  ] as [string[], RegExp][]) {
    await assert.rejects(configOf(...RUN, ...argv), (error: MigrateError) => {
      assert.equal(error.code, 'E_USAGE', argv.join(' '));
      assert.match(error.message, message, argv.join(' '));
      return true;
    });
  }
});

test('what was dumped has passed its steps', async () => {
  await assert.rejects(configOf('load', 'dump', '--drop', 'a'), /comes too late/);
  assert.deepEqual((await configOf('load', 'dump')).transforms, []);
});

test('a source of one’s own: a module or a package, and what follows', async () => {
  for (const [text, module, where] of [
    ['plugin:./my-source.js', join(cwd, 'my-source.js'), undefined],
    ['plugin:./my-source.js:host:5432/db', join(cwd, 'my-source.js'), 'host:5432/db'],
    ['plugin:/srv/my.mjs:', '/srv/my.mjs', ''],
    ['plugin:file:///srv/my.js:x', '/srv/my.js', 'x'],
    ['plugin:my-package', 'my-package', undefined],
    ['plugin:@scope/my-package:WHERE', '@scope/my-package', 'WHERE'],
  ] as const) {
    const { source } = await configOf('run', text);
    assert.deepEqual(source, { kind: 'plugin', store: undefined, module, options: {}, where }, text);
  }
  const { source } = await configOf('run', 'plugin:p', '--source-options', '{"a":1}');
  assert.deepEqual(source.kind === 'plugin' && source.options, { a: 1 });
  await assert.rejects(configOf('run', 'plugin:'), /names no module/);
  await assert.rejects(configOf('run', 'plugin:p', '--source-options', '{"after":9007199254740993}'), {
    code: 'E_USAGE',
    message: '--source-options has a number that JavaScript would round',
  });
  await assert.rejects(configOf('run', 'plugin:p', '--source-options', '{s3cret'), (error: MigrateError) => {
    return error.code === 'E_USAGE' && !JSON.stringify({ ...error, found: error.found }).includes('s3cret');
  });
});
