/** URLs of object stores: what they mean, that they come back as they were, and that hostile ones say what is wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseState } from '../../src/config/stateWord.ts';
import { OBJECT_SCHEMES } from '../../src/config/storeNames.ts';
import { NO_OPTIONS, OPTION_WORDS } from '../../src/config/storeOptions.ts';
import {
  formatStoreUrl,
  localPath,
  namesStore,
  objectStore,
  parseLocation,
  parseStoreUrl,
  type StoreUrl,
} from '../../src/config/storeUrl.ts';
import { MigrateError, toPlain } from '../../src/core/errors.ts';

function parse(text: string): StoreUrl | undefined {
  return parseStoreUrl(text, '--out');
}

test('what a URL says', () => {
  const bare = { ...NO_OPTIONS, key: '' };
  assert.deepEqual(parse('s3://bucket'), { ...bare, scheme: 's3', bucket: 'bucket' });
  assert.deepEqual(parse('s3://bucket/'), { ...bare, scheme: 's3', bucket: 'bucket' });
  assert.deepEqual(parse('GS://bucket/a/b/'), { ...bare, scheme: 'gs', bucket: 'bucket', key: 'a/b' });
  assert.deepEqual(parse('az://container/a b'), { ...bare, scheme: 'az', bucket: 'container', key: 'a b' });
  assert.deepEqual(parse('oss://b-1/ä/%20'), { ...bare, scheme: 'oss', bucket: 'b-1', key: 'ä/%20' });
  assert.deepEqual(parse('cos://name-1250000000/x%3Fy%2525'), {
    ...bare,
    scheme: 'cos',
    bucket: 'name-1250000000',
    key: 'x?y%25',
  });
  const all =
    'endpoint=http://minio:9000/&region=eu-1&ssl=false&path-style=true&iam=0&iam-endpoint=169.254.169.254&create-bucket=1';
  assert.deepEqual(parse(`s3://bucket/p?${all}`), {
    scheme: 's3',
    bucket: 'bucket',
    key: 'p',
    endpoint: 'http://minio:9000',
    region: 'eu-1',
    useSsl: false,
    pathStyle: true,
    useIam: false,
    iamEndpoint: '169.254.169.254',
    createBucket: true,
  });
  assert.equal(parse('s3://bucket/p?endpoint=http%3A%2F%2Fminio%3A9000')?.endpoint, 'http://minio:9000');
  for (const path of ['/a/b', 'a', './s3:x', 'c:\\a', 'file:///a', 'a:b/c', ''])
    assert.equal(parse(path), undefined, path);
});

test('a path or file: is of this host', () => {
  const at = (text: string): unknown => parseLocation(text, '/srv', '--out');
  for (const [text, path] of [
    ['a', '/srv/a'],
    ['/a', '/a'],
    ['file:///a/b', '/a/b'],
    ['file://localhost/a', '/a'],
    ['file:/a', '/a'],
    ['file:a', '/srv/a'],
    ['FILE:a', '/srv/a'],
    ['a:b', '/srv/a:b'],
  ]) {
    assert.deepEqual(at(text!), { kind: 'path', path }, text);
  }
  assert.throws(() => at('file://host/a'), { code: 'E_USAGE' });
  assert.throws(() => at('file:'), { code: 'E_USAGE' });
  assert.equal(localPath('x', '/srv', '--report'), '/srv/x');
  assert.throws(() => localPath('s3://bucket/x', '/srv', '--report'), /--report has to be on this host/);
});

test('a ~ that no shell has turned into the home folder is refused', () => {
  for (const text of ['~', '~/dump', 'file:~/dump'])
    assert.throws(
      () => parseLocation(text, '/srv', '--out'),
      { code: 'E_USAGE', message: /^--out begins with a ~/ },
      text,
    );
  assert.throws(() => parseState('~/jobs', '/srv'), { code: 'E_USAGE' });
  assert.deepEqual(parseLocation('~old/./~/x', '/srv', '--out'), { kind: 'path', path: '/srv/~old/~/x' });
  assert.deepEqual(parseLocation('./~/x', '/srv', '--out'), { kind: 'path', path: '/srv/~/x' });
});

test('a store of it', () => {
  const url = parse('s3://bucket/a/b?region=eu-1')!;
  const store = objectStore(url, 'source');
  assert.deepEqual(
    [store.bucket, store.root, store.region, store.useIam, store.createBucket, store.credentials],
    ['bucket', 'a/b', 'eu-1', false, false, 'source'],
  );
  assert.equal(objectStore(url, 'files', '').root, '');
});

test('mistakes are named, with the nearest right form', () => {
  for (const [text, message, more] of [
    ['s3:/bucket/x', /does not begin with s3:\/\//, 's3://bucket/x'],
    ['s3:bucket', /does not begin with s3:\/\//, 's3://bucket'],
    ['s3//bucket', /does not begin with s3:\/\//, 's3://bucket'],
    ['s3:///bucket', /does not begin with s3:\/\//, 's3://bucket'],
    ['s3://', /names no bucket/, 's3://bucket/prefix'],
    ['az://', /names no container/, 'az://container/prefix'],
    ['s3://My-Bucket/x', /names a bucket that cannot be/, 's3://my-bucket'],
    ['az://acc.blob.core.windows.net/c', /container that cannot be/, 'endpoint'],
    ['az://a--b', /container that cannot be/, 'hyphens'],
    ['oss://a_b', /bucket that cannot be/, 'hyphens'],
    ['s3://ab', /bucket that cannot be/, '3 to 63'],
    ['s4://bucket', /unknown kind/, 's3://'],
    ['gcs://bucket', /unknown kind/, 'gs://'],
    ['s3a://bucket', /unknown kind/, 's3://'],
    ['https://host/bucket', /unknown kind/, 's3://bucket/prefix?endpoint='],
    ['s3://bucket/a//b', /key that cannot be used/, 'two slashes'],
    ['s3://bucket/../b', /key that cannot be used/, '..'],
    ['s3://bucket/a\nb', /key that cannot be used/, 'control'],
    [`s3://bucket/${'x'.repeat(1025)}`, /key that cannot be used/, '1025 bytes'],
    ['s3://bucket/a?regoin=x', /option that is not known/, 'region'],
    ['s3://bucket/a?region=x&region=y', /option twice/, 'region'],
    ['s3://bucket/a?ssl=maybe', /ssl of --out/, 'true or false'],
    ['s3://bucket/a?endpoint=two words', /endpoint of --out is no host/, 'host:port'],
    ['s3://bucket/a?endpoint=', /endpoint of --out is no host/, 'host:port'],
    ['s3://bucket/a?region=a%zz%41', /no escape/, '%25'],
  ] as const) {
    assert.throws(
      () => parse(text),
      (error: MigrateError) => {
        assert.equal(error.code, 'E_USAGE', text);
        assert.match(error.message, message, text);
        const { found, wanted, hint } = error;
        assert.ok([found, wanted, hint].join(' ').includes(more), `${text}: ${found} ${wanted} ${hint}`);
        return true;
      },
    );
  }
});

test('credentials in a URL are refused, and not shown', () => {
  for (const text of [
    's3://AKIA:s3cret@bucket/x',
    's3:/AKIA:s3cret@bucket/x',
    's3:bucket?secret-key=s3cret',
    's3://bucket/x?access_key=AKIA&secret_key=s3cret',
    's3://bucket/x?sk=s3cret',
    's3://bucket/x?X-Amz-Signature=s3cret',
    's3://bucket/x?token=s3cret',
    'az://container/x?sv=2022-11-02&sig=s3cret',
    's3://bucket/x?endpoint=http://AKIA:s3cret@minio:9000',
    's3://bucket/x?iam-endpoint=http://u:s3cret@h',
  ]) {
    assert.throws(
      () => parse(text),
      (error: unknown) =>
        !JSON.stringify(toPlain(error)).includes('s3cret') && (error as MigrateError).code === 'E_USAGE',
      text,
    );
  }
});

const key = fc
  .array(
    fc.stringMatching(/^[a-zA-Z0-9%?#&= ._äß日-]{1,12}$/).filter((step) => step !== '.' && step !== '..'),
    { maxLength: 4 },
  )
  .map((steps) => steps.join('/'));
const host = fc.constantFrom(
  'minio',
  'http://minio:9000',
  'https://s3.example.com',
  '[::1]:9000',
  'h:1/devstoreaccount1',
);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const url: fc.Arbitrary<StoreUrl> = fc.record({
  scheme: fc.constantFrom(...OBJECT_SCHEMES),
  bucket: fc.stringMatching(/^[a-z0-9]{3,20}$/),
  key,
  endpoint: maybe(host),
  region: maybe(fc.stringMatching(/^[a-z]{2}-[a-z]{4,8}-[0-9]$/)),
  useSsl: maybe(fc.boolean()),
  pathStyle: maybe(fc.boolean()),
  useIam: maybe(fc.boolean()),
  iamEndpoint: maybe(host),
  createBucket: maybe(fc.boolean()),
});

test('any URL comes back as it was', () => {
  fc.assert(fc.property(url, (one) => assert.deepEqual(parse(formatStoreUrl(one)), { ...one })));
});

test('whatever is typed: a place, a path, or an error of ours', () => {
  const piece = fc.oneof(
    fc.constantFrom('s3', 'az', 'file', ':', '/', '//', '?', '&', '=', '@', '%', '..', '\0', 'bucket', ...OPTION_WORDS),
    fc.string({ maxLength: 6 }),
  );
  const text = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(
      fc.oneof(
        text,
        text.map((rest) => `s3://bucket/${rest}`),
      ),
      (typed) => {
        try {
          const place = parseLocation(typed, '/srv', '--out');
          if (place.kind === 'path') return assert.ok(place.path.startsWith('/') && !namesStore(typed), typed);
          // What was taken is a key that the stores take, and is written as it was meant.
          assert.ok(!place.key.startsWith('/') && !place.key.split('/').includes('..'));
          assert.deepEqual(parse(formatStoreUrl(place)), parse(typed));
        } catch (thrown) {
          assert.ok(thrown instanceof MigrateError && thrown.code === 'E_USAGE', String(thrown));
        }
      },
    ),
    { numRuns: 2000 },
  );
});
