/** nearest, units, choices, endpoint, stored: the small readers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseIndexChoice } from '../../src/config/choices.ts';
import { emptyDraft, stateDirOf } from '../../src/config/defaults.ts';
import { parseAddress } from '../../src/config/endpoint.ts';
import type { JobConfig } from '../../src/config/job.ts';
import { parseMeta } from '../../src/config/metaSource.ts';
import { Secret } from '../../src/config/secret.ts';
import { fromStored, toStored } from '../../src/config/stored.ts';
import { parseBytes, parseWhole } from '../../src/config/units.ts';
import { editDistance, nearestWord } from '../../src/core/nearest.ts';

test('edit distance', () => {
  for (const [a, b, want] of [
    ['', 'abc', 3],
    ['col', 'col', 0],
    ['Col', 'cOL', 0],
    ['clo', 'col', 1],
    ['stagin', 'staging', 1],
    ['kitten', 'sitting', 3],
  ] as const) {
    assert.equal(editDistance(a, b), want, `${a} ${b}`);
  }
  const word = fc.stringMatching(/^[a-d]{0,8}$/);
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      assert.equal(distance, editDistance(b, a));
      assert.equal(distance === 0, a === b);
      assert.ok(distance <= Math.max(a.length, b.length));
      assert.ok(distance >= Math.abs(a.length - b.length));
    }),
  );
});

test('the nearest word is near or none', () => {
  assert.equal(nearestWord('stagin', ['staging', 'staging-as', 'state']), 'staging');
  assert.equal(nearestWord('trheads', ['threads', 'tables']), 'threads');
  assert.equal(nearestWord('quux', ['grpc', 'endpoint']), undefined);
});

test('sizes and whole numbers', () => {
  for (const [text, want] of [
    ['512MB', 512e6],
    ['512 mb', 512e6],
    ['256MiB', 268435456],
    ['1.5GB', 1.5e9],
    ['16GiB', 17179869184],
    ['64KiB', 65536],
    ['10KB', 10000],
    ['1048576', 1048576],
    ['1B', 1],
    ['17GiB', undefined],
    ['0', undefined],
    ['-1MB', undefined],
    ['12 apples', undefined],
    ['MB', undefined],
    ['', undefined],
  ] as const) {
    assert.equal(parseBytes(text), want, text);
  }
  for (const text of ['', '-1', '1.0', '1e3', '0x10', '99999999999999999', ' 1'])
    assert.equal(parseWhole(text, 0), undefined, text);
  assert.equal(parseWhole('16', 1, 16), 16);
  assert.equal(parseWhole('17', 1, 16), undefined);
});

test('index choices', () => {
  assert.deepEqual(parseIndexChoice('AUTO'), { kind: 'auto' });
  assert.deepEqual(parseIndexChoice('none'), { kind: 'none' });
  assert.deepEqual(parseIndexChoice('ivf_flat:nlist=1024'), {
    kind: 'given',
    type: 'IVF_FLAT',
    params: { nlist: 1024 },
  });
  assert.deepEqual(parseIndexChoice('HNSW:M=16, efConstruction=200'), {
    kind: 'given',
    type: 'HNSW',
    params: { M: 16, efConstruction: 200 },
  });
  for (const text of ['', 'HNSW:', 'HNSW:M', 'HNSW:M=x', 'HNSW:M=1,M=2', 'a b'])
    assert.equal(parseIndexChoice(text), undefined, text);
});

test('addresses lose their credentials and nothing else', () => {
  const read = (text: string) => {
    const { endpoint, user, password } = parseAddress(text, '--to');
    return [endpoint, user, password?.reveal()];
  };
  assert.deepEqual(read('localhost:19530'), ['localhost:19530', undefined, undefined]);
  assert.deepEqual(read('http://h:19530/'), ['http://h:19530', undefined, undefined]);
  assert.deepEqual(read('https://h:443'), ['https://h:443', undefined, undefined]);
  assert.deepEqual(read('HTTP://root:Milvus@h:1'), ['http://h:1', 'root', 'Milvus']);
  assert.deepEqual(read('http://u:p%40%3A@h'), ['http://h', 'u', 'p@:']);
  assert.deepEqual(read('http://u:p@q@h'), ['http://h', 'u', 'p@q']);
  assert.deepEqual(read('u:100%@h:1'), ['h:1', 'u', '100%']);
  assert.deepEqual(read('u@h:1'), ['h:1', 'u', undefined]);
  assert.deepEqual(read('http://[::1]:19530'), ['http://[::1]:19530', undefined, undefined]);
  for (const text of ['', 'http://', 'ftp://h', 'h:port', 'http://h:1/db', 'http://h?x=1', 'two words', 'h:123456']) {
    assert.throws(() => parseAddress(text, '--to'), { code: 'E_USAGE' }, text);
  }
  assert.throws(
    () => parseAddress('http://u:s3cret@h/db', '--to'),
    (error: Error) => !JSON.stringify(error).includes('s3cret'),
  );
});

test('metadata by one word', () => {
  assert.equal(parseMeta('mysql://u:p@h/db', '/').kind, 'mysql');
  assert.equal(parseMeta('u:p@tcp(h:3306)/db', '/').kind, 'mysql');
  assert.deepEqual(parseMeta('out/meta.json', '/srv'), { kind: 'json', file: '/srv/out/meta.json' });
  assert.deepEqual(parseMeta('meta.sqlite', '/srv'), { kind: 'sqlite', file: '/srv/meta.sqlite' });
});

test('the state folder', () => {
  assert.equal(stateDirOf({ HOME: '/h' }, '/c'), '/h/.local/state/milvus-migrate');
  assert.equal(stateDirOf({ HOME: '/h', XDG_STATE_HOME: '/s' }, '/c'), '/s/milvus-migrate');
  assert.equal(stateDirOf({ HOME: '/h', XDG_STATE_HOME: 'relative' }, '/c'), '/h/.local/state/milvus-migrate');
  assert.equal(stateDirOf({ HOME: '/h', MILVUS_MIGRATE_STATE: 'st' }, '/c'), '/c/st');
});

test('a stored job has no secrets and gets them back', () => {
  const config: JobConfig = {
    ...emptyDraft({ env: { HOME: '/h' }, cwd: '/', threads: 2 }),
    source: {
      kind: 'milvus1x',
      path: undefined,
      meta: { kind: 'mysql', url: new Secret('u:s3cret@tcp(h)/db') },
      tablesDir: '/t',
      skipBadSegments: false,
      ignoreUnflushed: false,
    },
    target: { endpoint: 'h:1', user: 'root', password: new Secret('s3cret'), token: undefined, database: 'prod' },
  };
  const stored = toStored(config);
  assert.ok(!JSON.stringify(stored).includes('s3cret'));
  const again = { target: { password: new Secret('new') }, meta: new Secret('u:new@tcp(h)/db') };
  const back = fromStored(stored, again);
  assert.equal(back.target?.user, 'root');
  assert.equal(back.target?.database, 'prod');
  assert.equal(back.target?.password?.reveal(), 'new');
  assert.equal(
    back.source.kind === 'milvus1x' && back.source.meta?.kind === 'mysql' && back.source.meta.url.reveal(),
    'u:new@tcp(h)/db',
  );
  assert.throws(() => fromStored(stored, { target: {}, meta: again.meta }), { code: 'E_USAGE' });
  assert.throws(() => fromStored(stored, { target: again.target, meta: undefined }), { code: 'E_USAGE' });
  const open = fromStored(
    toStored({ ...config, source: { kind: 'dumped', dir: '/d', oldLayout: false }, target: undefined }),
    {
      target: {},
      meta: undefined,
    },
  );
  assert.equal(open.target, undefined);
});
