import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FLAGS } from '../../src/cli/flags.ts';
import { type RawArgs, readRawArgs, UnknownFlag } from '../../src/cli/rawArgs.ts';

function read(...argv: string[]): RawArgs {
  return readRawArgs(argv, Object.values(FLAGS));
}

test('digits stay the text that was typed', () => {
  assert.deepEqual(read('--col', '1678354366132931001').values('col'), ['1678354366132931001']);
  assert.deepEqual(read('--col=1678354366132931001').values('col'), ['1678354366132931001']);
  assert.deepEqual(read('--col', '007', '--col=1e3').values('col'), ['007', '1e3']);
  for (const argv of [['-t', '123'], ['-t123'], ['-t=123'], ['--table', '123'], ['--name=123']]) {
    assert.equal(read(...argv).value('name'), '123', argv.join(' '));
  }
  assert.equal(read('--name', '-5').value('name'), '-5');
});

test('any value comes back as it was', () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      assert.equal(read(`--name=${value}`).value('name'), value);
      if (!value.startsWith('-')) assert.equal(read('--name', value).value('name'), value);
    }),
  );
});

test('switches, positionals and the end of flags', () => {
  const raw = read('run', '--json', 'milvus1x:/db', '--keep=false', '--', '--not-a-flag', '-');
  assert.deepEqual(raw.positionals, ['run', 'milvus1x:/db', '--not-a-flag', '-']);
  assert.equal(raw.has('json'), true);
  assert.equal(raw.has('keep'), false);
  assert.ok(raw.given.has('keep'));
  assert.equal(raw.value('to'), undefined);
});

test('what cannot be meant is refused', () => {
  assert.throws(
    () => read('--stagin', 'x'),
    (error) => error instanceof UnknownFlag && error.flag === '--stagin',
  );
  assert.throws(
    () => read('-x'),
    (error) => error instanceof UnknownFlag && error.flag === '-x',
  );
  assert.throws(() => read('--to'), { code: 'E_USAGE', message: '--to needs a value' });
  assert.throws(() => read('--to', '--json'), { code: 'E_USAGE' });
  assert.throws(() => read('--json=5'), { code: 'E_USAGE' });
  assert.throws(() => read('--to', 'a', '--to', 'b'), { code: 'E_USAGE' });
  assert.equal(read('--to', 'a', '--to', 'a').value('to'), 'a');
  assert.throws(
    () => read('--password', 's3cret', '--password', 'other'),
    (error: Error) => !JSON.stringify(error).includes('s3cret'),
  );
});

test('no two flags share a name', () => {
  const names = Object.values(FLAGS).flatMap((flag) => [flag.name, ...('also' in flag ? flag.also : [])]);
  assert.equal(new Set(names).size, names.length);
  for (const [key, flag] of Object.entries(FLAGS)) assert.equal(key, flag.name);
});
