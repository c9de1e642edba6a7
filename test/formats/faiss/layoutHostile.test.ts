/** Index files that faiss would not write: absurd counts, deep nests, names that point elsewhere, bytes too many. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MigrateError } from '../../../src/core/errors.ts';
import { layOutFaiss, runSync, unsupported } from '../../../src/formats/faiss/layout.ts';
import type { FaissLayout, Refusal } from '../../../src/formats/faiss/model.ts';
import { bool, flat, header, i32, idMap, ivfFlatHead, joined, u64 } from './layoutBuild.ts';

function layOut(bytes: Uint8Array): FaissLayout {
  return runSync(layOutFaiss(bytes.length), bytes);
}

function refused(bytes: Uint8Array): Refusal {
  const { recipe } = layOut(bytes);
  assert.ok(recipe.kind === 'refused');
  return recipe;
}

/** Layout of a file of which only the first bytes are given, the rest are zeros; and what it asked for. */
function ofLarge(start: Uint8Array, fileBytes: number): { layout: FaissLayout; asked: number; requests: number } {
  const pass = layOutFaiss(fileBytes);
  let [asked, requests] = [0, 0];
  let step = pass.next();
  while (!step.done) {
    const { at, length } = step.value;
    requests++;
    asked += length;
    const bytes = new Uint8Array(length);
    bytes.set(start.subarray(at, at + length));
    step = pass.next(bytes);
  }
  return { layout: step.value, asked, requests };
}

test('of a file of terabytes only headers are read', () => {
  const [d, rows] = [1024, 2 ** 30];
  const start = joined('IxF2', header({ d, rows }), u64(d * rows));
  const { layout, asked, requests } = ofLarge(start, 45 + d * rows * 4);
  assert.equal(layout.indexBytes, layout.fileBytes);
  assert.equal(requests, 1);
  assert.ok(asked <= 4096);
});

test('many small lists cost few requests', () => {
  const nlist = 20_000;
  const lists = joined('ilar', u64(nlist, 16), 'full', u64(nlist, ...Array(nlist).fill(0)));
  const bytes = joined(ivfFlatHead({ d: 4, rows: 0, nlist }), lists);
  const { layout, requests, asked } = ofLarge(bytes, bytes.length);
  assert.equal(layout.indexBytes, bytes.length);
  assert.ok(requests < 20, `${requests} requests`);
  assert.ok(asked < bytes.length * 1.1);
});

test('a sparse table of sizes takes memory for the lists that have rows, not for all', () => {
  // Centroids by rule: 2^48 lists of which two have rows.
  const codebooks = new Uint8Array(4 * 2 ** 24 * 2);
  const coarse = joined('Imiq', header({ d: 2, rows: 2 ** 48 }), u64(2, 2, 24, 2 * 2 ** 24), codebooks);
  const head = joined('IwFl', header({ d: 2, rows: 2 }), u64(2 ** 48, 1), coarse, bool(0), u64(0));
  const lists = joined('ilar', u64(2 ** 48, 8), 'sprs', u64(4, 7, 1, 2 ** 40, 1), new Uint8Array(2 * 16));
  const { recipe } = layOut(joined(head, lists));
  assert.ok(recipe.kind === 'float' && recipe.storage.kind === 'lists');
  assert.deepEqual([...recipe.storage.lists.numbers!], [7, 2 ** 40]);
  assert.deepEqual([...recipe.storage.lists.rows], [1, 1]);
});

test('bytes behind the index are reported, not read', () => {
  const layout = layOut(joined(flat(2, 3), 'more'));
  assert.equal(layout.fileBytes - layout.indexBytes, 4);
  assert.equal(layout.recipe.kind, 'float');
});

test('counts that would wrap, or that the file has not the bytes for, are errors with a place', () => {
  for (const count of [7, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 62n, 2n ** 64n - 1n]) {
    const bytes = joined('IxF2', header({ d: 2, rows: 3 }), u64(count), new Uint8Array(24));
    assert.throws(() => layOut(bytes), {
      code: 'E_FAISS',
      at: { offset: 37, field: 'IxF2 › codes' },
    });
  }
  assert.throws(() => layOut(joined('IxF2', header({ d: 2, rows: 2n ** 63n }))), {
    at: { offset: 8, field: 'IxF2 › ntotal' },
  });
});

test('an error says where in the nest it is, what was found and what was wanted', () => {
  const inner = joined('IxF2', header({ d: 3, rows: 4 }), u64(11), new Uint8Array(44));
  assert.throws(() => layOut(idMap(inner, { d: 3, rows: 4 })), {
    code: 'E_FAISS',
    at: { offset: 37 + 37, field: 'IxMp › IxF2 › codes' },
    found: '11',
    wanted: '12',
  });
});

test('dimensions and rows that cannot be', () => {
  const wrong = (bytes: Uint8Array): void => assert.throws(() => layOut(bytes), { code: 'E_FAISS' });
  wrong(flat(0, 5));
  wrong(joined('IxF2', header({ d: 2 ** 20 + 1, rows: 0 }), u64(0)));
  wrong(joined('IxF2', header({ d: -1, rows: 0 }), u64(0)));
  wrong(idMap(flat(3, 4), { d: 2, rows: 4 }));
  wrong(idMap(flat(3, 4), { d: 3, rows: 5 }));
  wrong(joined('IxFl', header({ d: 2, rows: 0, metric: 5 }), u64(0)));
  wrong(joined('IxF2', i32(2), u64(0, 0, 0), bool(2), i32(1), u64(0)));
  assert.equal(layOut(flat(0, 0)).indexBytes, 45);
});

test('nests of 20 are read, deeper ones are not', () => {
  const nested = (depth: number): Uint8Array =>
    depth === 1 ? flat(1, 1) : idMap(nested(depth - 1), { d: 1, rows: 1 });
  const { recipe } = layOut(nested(20));
  assert.ok(recipe.kind === 'float' && recipe.ids.kind === 'mapped' && recipe.ids.maps.length === 19);
  assert.throws(() => layOut(nested(21)), { code: 'E_FAISS', wanted: 'at most 20 indexes in one another' });
  const itq = (depth: number): Uint8Array => joined('Viqt', u64(0), bool(0), depth === 0 ? 'null' : itq(depth - 1));
  assert.throws(() => layOut(joined('IxPT', header({ d: 1, rows: 0 }), i32(1), itq(1000))), { code: 'E_FAISS' });
});

test('at most 64 transforms', () => {
  const chain = joined('IxPT', header({ d: 1, rows: 0 }), i32(65));
  assert.throws(() => layOut(chain), { at: { offset: 37, field: 'IxPT › nt' }, found: '65' });
});

test('a file that is no index, or nothing', () => {
  for (const text of ['\x93NUMPY\x01\x00', 'PK\x03\x04', 'SQLite format 3'])
    assert.throws(() => layOut(joined(Buffer.from(text, 'latin1'))), {
      code: 'E_FAISS',
      message: 'this is not a Faiss index file',
    });
  assert.throws(() => layOut(new Uint8Array(0)), { code: 'E_FAISS' });
  assert.throws(() => layOut(joined('Ix')), { code: 'E_FAISS' });
  assert.throws(() => layOut(joined('null')), { code: 'E_FAISS' });
});

test('a kind of a newer faiss, a bare transform, a rule without rows: refused, by name, with what to do', () => {
  const unknown = refused(idMap(joined('IxZz'), { d: 1, rows: 1 }));
  assert.deepEqual([unknown.cc, unknown.at], ['IxZz', 37]);
  assert.match(unknown.why, /not known here/);
  assert.match(refused(joined('LTra', bool(0))).why, /transform without an index/);
  const rule = joined('Imiq', header({ d: 2, rows: 4 }), u64(2, 2, 1, 4), new Uint8Array(16));
  assert.match(refused(rule).why, /holds no rows/);
  const { code, at, hint } = unsupported(unknown);
  assert.deepEqual([code, at.offset], ['E_FAISS_UNSUPPORTED', 37]);
  assert.ok(hint !== undefined);
});

test('the tree of what cannot be walked to its end goes down to what is in the way', () => {
  const { root, indexBytes, fileBytes } = layOut(idMap(joined('IxHe', header({ d: 1, rows: 1 })), { d: 1, rows: 1 }));
  assert.deepEqual([root.cc, root.children[0]?.node.cc, root.children[0]?.node.d], ['IxMp', 'IxHe', 1]);
  assert.equal(indexBytes, fileBytes);
});

test('lists that were saved elsewhere: refused', () => {
  const { cc, hint } = refused(joined(ivfFlatHead({ d: 2, rows: 9, nlist: 1 }), 'il00'));
  assert.equal(cc, 'il00');
  assert.match(hint, /the file in which the lists are/);
});

test('a binary index where a float one belongs, and the other way', () => {
  const binary = joined('IBxF', i32(8, 1), u64(0), bool(1), i32(1), u64(0));
  assert.equal(layOut(binary).recipe.kind, 'binary');
  assert.throws(() => layOut(idMap(binary, { d: 8, rows: 0 })), { code: 'E_FAISS', wanted: 'a float index' });
});

/** One list of one row of 2 floats, in a file of its own. */
function onDisk(
  over: { name?: string; entry?: readonly (number | bigint)[]; total?: number | bigint } = {},
): Uint8Array {
  const { name = 'lists.ivfdata', entry = [1, 2, 64], total = 96 } = over;
  const size = Buffer.byteLength(name);
  const lists = joined('ilod', u64(1, 8), u64(1, ...entry), u64(0), u64(size), name, u64(total));
  return joined(ivfFlatHead({ d: 2, rows: Number(entry[0]), nlist: 1 }), lists);
}

test('the name of on-disk lists is cut to its last component, and refused where it has none', () => {
  for (const name of ['/etc/passwd', '../../etc/passwd', 'C:\\data\\passwd', 'passwd']) {
    const { recipe } = layOut(onDisk({ name }));
    assert.ok(recipe.kind === 'float' && recipe.storage.kind === 'lists');
    assert.deepEqual(recipe.storage.elsewhere, { name: 'passwd', bytes: 96 });
    // Ids stand behind the capacity of two, not behind the one row.
    assert.deepEqual([recipe.storage.lists.codesAt[0], recipe.storage.lists.idsAt[0]], [64, 80]);
  }
  for (const name of ['', '/data/', '..', '/a/.', 'a\0b'])
    assert.throws(
      () => layOut(onDisk({ name })),
      ({ code, at }: MigrateError) => code === 'E_FAISS' && at.field === 'IwFl › ilod › filename',
    );
});

test('on-disk lists that do not fit their file', () => {
  for (const entry of [
    [3, 2, 0],
    [1, 2n ** 62n, 0],
    [1, 2, 2n ** 63n],
    [1, 2, 65],
  ])
    assert.throws(() => layOut(onDisk({ entry: entry as number[] })), { code: 'E_FAISS' });
  assert.throws(() => layOut(onDisk({ total: 2n ** 60n })), { code: 'E_FAISS' });
  const { recipe } = layOut(onDisk({ entry: [0, 0, 2n ** 64n - 1n], total: 0 }));
  assert.ok(recipe.kind === 'float' && recipe.rows === 0);
});

test('on-disk lists that lie over one another: the same bytes would come out again and again', () => {
  const of = (...entries: readonly (readonly number[])[]): Uint8Array => {
    const table = entries.map((entry) => u64(...entry));
    const lists = joined('ilod', u64(2, 8, 2), ...table, u64(0), u64(1), 'l', u64(96));
    return joined(ivfFlatHead({ d: 2, rows: 2, nlist: 2 }), lists);
  };
  const { recipe } = layOut(of([1, 2, 32], [1, 2, 0]));
  assert.ok(recipe.kind === 'float' && recipe.rows === 2);
  for (const second of [16, 31, 33, 48])
    assert.throws(() => layOut(of([1, 2, 32], [1, 2, second])), {
      code: 'E_FAISS',
      at: { field: 'IwFl › ilod › list 1', offset: 53 + 45 + 16 + 9 + 28 + 24 },
    });
});

test('lists that hold less than is counted: told as a loss, but an error where the file goes on behind them', () => {
  const of = (rows: number, body: number): Uint8Array =>
    joined(ivfFlatHead({ d: 1, rows, nlist: 2 }), 'ilar', u64(2, 4), 'full', u64(2, 1, 2), new Uint8Array(body));
  const { recipe } = layOut(of(5, 36));
  assert.ok(recipe.kind === 'float');
  assert.deepEqual([recipe.rows, recipe.counted], [3, 5]);
  assert.match(recipe.losses.join(), /2 of 5 rows are not in the lists/);
  // As many as no one leaves out: a bit of the count was turned.
  assert.throws(() => layOut(of(2 ** 32 + 3, 36)), { code: 'E_FAISS', at: { offset: 8, field: 'IwFl › ntotal' } });
  // Of a size that is one too small: what follows would be read in the wrong place.
  assert.throws(() => layOut(of(5, 36 + 2 * 12)), { code: 'E_FAISS', found: /3 rows, and 24 bytes/ });
  assert.throws(() => layOut(idMap(of(5, 36 + 12), { d: 1, rows: 5 })), { code: 'E_FAISS' });
});

test('lists whose sizes do not add up, or are out of order', () => {
  const of = (rows: number, sizes: Uint8Array, body: number): Uint8Array =>
    joined(ivfFlatHead({ d: 1, rows, nlist: 4 }), 'ilar', u64(4, 4), sizes, new Uint8Array(body));
  const full = (...sizes: (number | bigint)[]): Uint8Array => joined('full', u64(sizes.length, ...sizes));
  assert.equal(layOut(of(3, full(1, 0, 2, 0), 36)).recipe.kind, 'float');
  const wrong = (bytes: Uint8Array): void => assert.throws(() => layOut(bytes), { code: 'E_FAISS' });
  wrong(of(2, full(1, 0, 2, 0), 36));
  wrong(of(3, full(1, 0, 2), 36));
  wrong(of(3, full(2n ** 52n, 2n ** 52n, 2n ** 52n, 3), 36));
  wrong(of(3, joined('sprs', u64(4, 2, 1, 1, 2)), 36));
  wrong(of(3, joined('sprs', u64(3, 2, 1, 1)), 36));
  wrong(of(3, joined('sprs', u64(2, 4, 3)), 36));
});

test('an index that says it was never trained: without its tables where it has no rows, and only there', () => {
  const d = 2;
  const quantised = (rows: number, centroids: number): Uint8Array => {
    const pq = joined(u64(d, 1, 8, centroids), new Uint8Array(centroids * 4));
    return joined('IxPq', header({ d, rows, trained: false }), pq, u64(rows), new Uint8Array(rows), new Uint8Array(9));
  };
  const turned = (rows: number, values: number): Uint8Array => {
    const matrix = joined(bool(0), u64(values), new Uint8Array(values * 4), u64(0), i32(d, d), bool(0));
    return joined('IxPT', header({ d, rows, trained: false }), i32(1), 'rrot', matrix, flat(d, rows));
  };
  const scalar = (rows: number, values: number): Uint8Array => {
    const sq = joined(i32(0), new Uint8Array(8), u64(d, d, values), new Uint8Array(values * 4));
    return joined('IxSQ', header({ d, rows, trained: false }), sq, u64(rows * d), new Uint8Array(rows * d));
  };
  const tables = [
    { of: quantised, whole: 512 },
    { of: turned, whole: 4 },
    { of: scalar, whole: 4 },
  ];
  for (const { of, whole } of tables) {
    assert.equal(layOut(of(0, 0)).recipe.kind, 'float');
    assert.equal(layOut(of(3, whole)).recipe.kind, 'float');
    assert.throws(() => layOut(of(3, 0)), { code: 'E_FAISS' });
  }
});

test('rows refined by a flat index behind a base that can not be walked past are found from the end', () => {
  const [d, rows] = [3, 5];
  const base = joined('IxHe', header({ d, rows }), 'whatever an LSH holds');
  const refined = (second: Uint8Array, behind = ''): Uint8Array =>
    joined('IxRF', header({ d, rows }), base, second, new Uint8Array(4), behind);
  const { recipe, root } = layOut(refined(flat(d, rows)));
  assert.ok(recipe.kind === 'float' && recipe.storage.kind === 'rows');
  assert.equal(recipe.storage.at, 41 - 4 + base.length + 45);
  assert.deepEqual(
    root.children.map(({ role, node }) => [role, node.cc, node.bytes]),
    [
      ['base', 'IxHe', base.length],
      ['refine', 'IxF2', 45 + rows * d * 4],
    ],
  );
  // It is not where its size says, or not flat, or another index is around it: nobody knows where it begins.
  assert.equal(refused(refined(flat(d, rows), '…')).cc, 'IxHe');
  assert.equal(refused(refined(joined('IxSQ', flat(d, rows).subarray(4)))).cc, 'IxHe');
  assert.equal(refused(idMap(refined(flat(d, rows)), { d, rows })).cc, 'IxHe');
  assert.throws(() => layOut(refined(joined(flat(d, rows).subarray(0, 8), u64(6), flat(d, rows).subarray(16)))), {
    code: 'E_FAISS',
  });
});
