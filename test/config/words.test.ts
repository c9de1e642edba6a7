/** nearest, units, choices, endpoint, stored: the small readers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseIndexChoice } from '../../src/config/choices.ts';
import { emptyDraft, stateOf } from '../../src/config/defaults.ts';
import { parseAddress } from '../../src/config/endpoint.ts';
import type { JobConfig } from '../../src/config/job.ts';
import { jobConfig } from '../../src/config/jobConfig.ts';
import { parseMeta } from '../../src/config/metaSource.ts';
import { Secret } from '../../src/config/secret.ts';
import { withState } from '../../src/config/stateWord.ts';
import { fromStored, toStored } from '../../src/config/stored.ts';
import { parseBytes, parseWhole } from '../../src/config/units.ts';
import { MigrateError } from '../../src/core/errors.ts';
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
  assert.deepEqual(parseMeta('out/meta.json', '/srv'), {
    kind: 'json',
    at: { kind: 'path', path: '/srv/out/meta.json' },
  });
  assert.deepEqual(parseMeta('meta.sqlite', '/srv'), {
    kind: 'sqlite',
    at: { kind: 'path', path: '/srv/meta.sqlite' },
  });
});

test('the state folder', () => {
  const usual = '/h/.local/state/milvus-migrate';
  const dir = (env: Record<string, string>): string => stateOf({ HOME: '/h', ...env }, '/c').stateDir;
  assert.equal(dir({}), usual);
  assert.equal(dir({ XDG_STATE_HOME: '/s' }), '/s/milvus-migrate');
  assert.equal(dir({ XDG_STATE_HOME: 'relative' }), usual);
  assert.equal(dir({ MILVUS_MIGRATE_STATE: 'st' }), '/c/st');
  for (const url of ['mysql://u:pw@h/db', 'u:pw@tcp(h:3306)/db', 'u:pw@unix(/run/s.sock)/db']) {
    const { stateDir, state } = stateOf({ HOME: '/h', MILVUS_MIGRATE_STATE: url }, '/c');
    assert.deepEqual([stateDir, state?.reveal(), String(state)], [usual, url, '[secret]']);
    // What a word says wins over what was said before.
    const before = { stateDir: '/d', state: new Secret('mysql://h/old') };
    const changed = withState(before, url, '/c');
    assert.deepEqual([changed.stateDir, changed.state?.reveal()], ['/d', url]);
    assert.deepEqual(withState(before, 'e', '/c'), { stateDir: '/c/e', state: undefined });
  }
  assert.throws(
    () => stateOf({ MILVUS_MIGRATE_STATE: 'postgres://u:hidden@h/db' }, '/c'),
    (error: unknown) => {
      assert.ok(error instanceof MigrateError);
      assert.equal(error.code, 'E_USAGE');
      assert.ok(!JSON.stringify(error).includes('hidden') && error.found === 'postgres://…');
      return true;
    },
  );
});

test('the library: a folder or a database that is named wins over the environment', () => {
  const around = { env: { HOME: '/h', MILVUS_MIGRATE_STATE: 'mysql://h/ambient' }, cwd: '/c', threads: 1 };
  const source = { kind: 'milvus1x', path: '/db' } as const;
  const kept = (choice: { stateDir?: string; state?: Secret | string }): unknown[] => {
    const { stateDir, state } = jobConfig({ source, ...choice }, around);
    return [stateDir, state?.reveal()];
  };
  const usual = '/h/.local/state/milvus-migrate';
  assert.deepEqual(kept({}), [usual, 'mysql://h/ambient']);
  assert.deepEqual(kept({ stateDir: 'st' }), ['/c/st', undefined]);
  assert.deepEqual(kept({ state: 'mysql://h/own' }), [usual, 'mysql://h/own']);
  assert.deepEqual(kept({ stateDir: '/st', state: new Secret('mysql://h/own') }), ['/st', 'mysql://h/own']);
});

test('a stored job has no secrets and gets them back', () => {
  const config: JobConfig = {
    ...emptyDraft({ env: { HOME: '/h' }, cwd: '/', threads: 2 }),
    source: {
      kind: 'milvus1x',
      store: undefined,
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
    toStored({
      ...config,
      source: { kind: 'dumped', dir: '/d', oldLayout: false, store: undefined },
      target: undefined,
    }),
    {
      target: {},
      meta: undefined,
    },
  );
  assert.equal(open.target, undefined);
});
