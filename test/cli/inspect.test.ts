/** `inspect` as a user meets it: facts, tree, exit codes, JSON. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../../src/cli/engine.ts';
import { runProgram } from '../../src/cli/program.ts';
import { bool, f32, flat, header, i32, idMap, ivfFlatHead, joined, u64 } from '../formats/faiss/layoutBuild.ts';
import { temporaryFolder } from '../temporary.ts';

const folder = temporaryFolder();
after(() => folder[Symbol.dispose]());

const engine: Engine = {
  job: () => assert.fail('inspect runs no job'),
  jobs: () => assert.fail('inspect needs no jobs'),
};

async function inspect(...words: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _, done) {
        written[name] += String(chunk);
        done();
      },
    });
  const terminal = { stdout: stream('stdout'), stderr: stream('stderr'), env: {}, cwd: folder.path };
  const signal = new AbortController().signal;
  const code = await runProgram({ argv: ['inspect', ...words], terminal, engine, signal });
  return { ...written, code };
}

function file(name: string, bytes: Uint8Array): string {
  writeFileSync(join(folder.path, name), bytes);
  return name;
}

const pca = joined('LTra', bool(0), u64(6), f32(1, 0, 0, 0, 1, 0), u64(0), i32(3, 2), bool(1));
const reduced = joined('IxPT', header({ d: 3, rows: 4, metric: 0 }), i32(1), pca, flat(2, 4));

test('a lossless index: facts, what would be created, and the tree', async () => {
  const name = file('my-docs.index', idMap(flat(3, 4), { d: 3, rows: 4 }));
  const { stdout, stderr, code } = await inspect(name);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^File +.*my-docs\.index, /m);
  assert.match(stdout, /^Index +Faiss id map: IxMp → IxF2$/m);
  assert.match(stdout, /^Vectors +float 3, 4 rows, metric L2$/m);
  assert.match(stdout, /^Ids +from an id map, by row number$/m);
  assert.match(stdout, /^Lossless /m);
  assert.match(stdout, /^Creates +collection my_docs, float 3, L2; index FLAT$/m);
  assert.match(stdout, /^└ inner IxF2 +flat +3 +4 +37 /m);
});

test('a lossy one says what is lost; kept as it lies, it has other dimensions', async () => {
  const name = file('reduced.index', reduced);
  const { stdout } = await inspect(`faiss:${name}`);
  assert.match(stdout, /^Lossy +linear transform \(OPQ\) 3 → 2: dimensions dropped$/m);
  assert.match(stdout, /^Creates +collection reduced, float 3, IP/m);
  const kept = await inspect(name, '--keep-transformed', '--collection', 'other');
  assert.match(kept.stdout, /^Vectors +float 2, 4 rows/m);
  assert.match(kept.stdout, /^Creates +collection other, float 2, IP/m);
});

test('--json gives the same facts', async () => {
  const { stdout, code } = await inspect(file('j.index', reduced), '--json');
  assert.equal(code, 0);
  const found = JSON.parse(stdout);
  assert.deepEqual(Object.keys(found), ['file', 'fileBytes', 'indexBytes', 'metric', 'vectors', 'creates', 'tree']);
  assert.deepEqual([found.vectors.d, found.vectors.rows, found.vectors.lossless], [3, 4, false]);
  assert.deepEqual([found.tree.cc, found.tree.children.length], ['IxPT', 2]);
  assert.equal(found.creates.collection, 'j');
});

test('an index whose vectors cannot be had is shown, with why, and the exit code says so', async () => {
  const name = file('elsewhere.index', joined(ivfFlatHead({ d: 2, rows: 9, nlist: 1 }), 'il00'));
  const { stdout, code } = await inspect(name);
  assert.equal(code, 3);
  assert.match(stdout, /^IwFl +IVF flat/m);
  assert.match(stdout, /Not possible:\n {2}error E_FAISS_UNSUPPORTED: .*saved elsewhere/);
  assert.doesNotMatch(stdout, /^Creates/m);
  const json = JSON.parse((await inspect(name, '--json')).stdout);
  assert.equal(json.obstacle.code, 'E_FAISS_UNSUPPORTED');
});

test('a metric that Milvus has not is an obstacle until one is chosen', async () => {
  const bytes = joined('IxFl', header({ d: 2, rows: 1, metric: 2 }), u64(2), f32(1, 2));
  const name = file('l1.index', bytes);
  const { stdout, code } = await inspect(name);
  assert.equal(code, 3);
  assert.match(stdout, /E_METRIC/);
  assert.equal((await inspect(name, '--metric', 'L2')).code, 0);
});

test('lists in a file of their own: named, and an obstacle until that file is beside the index', async () => {
  const lists = joined('ilod', u64(1, 8, 1), u64(1, 1, 0), u64(0), u64(16), '/x/lists.ivfdata', u64(16));
  const name = file('on-disk.index', joined(ivfFlatHead({ d: 2, rows: 1, nlist: 1 }), lists));
  const missing = await inspect(name);
  assert.equal(missing.code, 3);
  assert.match(missing.stdout, /^Lists +in lists\.ivfdata, 16 bytes, next to this file$/m);
  assert.match(missing.stdout, /E_SOURCE_NOT_FOUND/);
  assert.doesNotMatch(missing.stdout, /^Creates/m);
  file('lists.ivfdata', new Uint8Array(16));
  const there = await inspect(name);
  assert.equal(there.code, 0);
  assert.match(there.stdout, /^Creates/m);
  const nothing = joined('ilod', u64(1, 8, 1), u64(0, 0, 2n ** 64n - 1n), u64(0), u64(1), 'l', u64(0));
  const empty = await inspect(file('none.index', joined(ivfFlatHead({ d: 2, rows: 0, nlist: 1 }), nothing)));
  assert.equal(empty.code, 0, 'an index without rows needs no lists');
});

test('bytes behind the index: a note, and an error with --strict', async () => {
  const name = file('long.index', joined(flat(2, 3), 'more'));
  const { stdout, code } = await inspect(name);
  assert.equal(code, 0);
  assert.match(stdout, /longer than the index in it/);
  assert.equal((await inspect(name, '--strict')).code, 3);
});

test('what is damaged, not there, or no index is an error block with the place', async () => {
  const damaged = await inspect(file('cut.index', flat(2, 3).subarray(0, 60)));
  assert.equal(damaged.code, 3);
  assert.equal(damaged.stdout, '');
  assert.match(damaged.stderr, /E_FAISS: .*\n +file +.*cut\.index, at byte 37\n +field +IxF2 › codes\n/);
  assert.match((await inspect('absent.index')).stderr, /E_SOURCE_NOT_FOUND/);
  assert.match((await inspect(file('x.npy', joined('hello')))).stderr, /not a Faiss index file/);
  assert.equal((await inspect()).code, 2);
  assert.equal((await inspect('a', 'b')).code, 2);
});

test('the first signal ends it, also while a store does not answer', { timeout: 60_000 }, async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
  const words = [main, 'inspect', `s3://bucket/docs.index?endpoint=http://127.0.0.1:${port}`];
  const keys = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
  const child = spawn(process.execPath, words, {
    env: { ...process.env, ...keys },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  silent.once('connection', () => child.kill('SIGINT'));
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += String(text);
  });
  const [code] = await once(child, 'close');
  silent.close();
  assert.equal(code, 130, stderr);
  assert.match(stderr, /^error E_INTERRUPTED: interrupted$/m);
});
