/** The inner loops of documents: vectors out of answers, answers stepped over, and rows into a Parquet page. */
import type { Column } from '../src/core/batch.ts';
import type { Field } from '../src/core/schema.ts';
import { skipValue as skipCbor } from '../src/formats/cbor/scan.ts';
import { readCborVector } from '../src/formats/elastic/pageCbor.ts';
import { readJsonVector } from '../src/formats/elastic/pageJson.ts';
import { skipValue as skipJson } from '../src/formats/json/scan.ts';
import { dataPage } from '../src/formats/parquet/page.ts';
import { pageRows, parquetColumn } from '../src/formats/parquet/plain.ts';
import { fileRing } from '../src/run/threads/slabs.ts';
import { createRandom } from './makeData.ts';
import type { Loop } from './micro.ts';

const DIM = 768;
/** More than fit the core's cache, as in a page. */
const VECTORS = 500;

/** GB/s are of the answer's bytes. */
export function documentLoops(): Loop[] {
  return [...(['short', 'long'] as const).flatMap(jsonLoops), ...cborLoops(), parquetPage()];
}

function jsonLoops(digits: 'short' | 'long'): Loop[] {
  const random = createRandom(DIM);
  const number = (): number => {
    const value = Math.fround((random() * 2 - 1) / 16);
    return digits === 'long' ? value : Number(value.toPrecision(8));
  };
  const texts = Array.from({ length: VECTORS }, () => JSON.stringify(Array.from({ length: DIM }, number)));
  const bytes = Buffer.from(texts.join(' '));
  const starts: number[] = [];
  for (let index = 0, at = 0; index < VECTORS; at += texts[index++]!.length + 1) starts.push(at);
  const target = new Float32Array(DIM);
  const cursor = { at: 0, failed: false };
  const read = (): void => {
    for (const at of starts) {
      cursor.at = at;
      if (readJsonVector(bytes, cursor, target) !== undefined) throw new Error('not read');
    }
  };
  const parse = (): void => {
    for (const [index, at] of starts.entries())
      target.set(JSON.parse(bytes.toString('latin1', at, at + texts[index]!.length)) as number[]);
  };
  const skip = (): void => {
    for (const at of starts) skipJson(bytes, at);
  };
  const of = (name: string, call: () => void): Loop => {
    const rows = { units: VECTORS, unit: 'vectors' };
    return { name: `${name}, JSON, ${digits} numbers, dim ${DIM}`, bytes: bytes.length, ...rows, call };
  };
  return [of('vector read', read), of('the same by JSON.parse', parse), of('vector stepped over', skip)];
}

function cborLoops(): Loop[] {
  const vectorBytes = DIM * 9 + 2;
  const view = new DataView(new ArrayBuffer(VECTORS * vectorBytes));
  const starts = Array.from({ length: VECTORS }, (_, index) => index * vectorBytes);
  const random = createRandom(DIM);
  for (const at of starts) {
    // An array of unknown length, as Elasticsearch sends them.
    view.setUint8(at, 0x9f);
    for (let index = 0; index < DIM; index++) {
      view.setUint8(at + 1 + index * 9, 0xfb);
      view.setFloat64(at + 2 + index * 9, random());
    }
    view.setUint8(at + vectorBytes - 1, 0xff);
  }
  const target = new Float32Array(DIM);
  const cursor = { at: 0, failed: false };
  const read = (): void => {
    for (const at of starts) {
      cursor.at = at;
      if (readCborVector(view, cursor, target) !== undefined) throw new Error('not read');
    }
  };
  const skip = (): void => {
    for (const at of starts) skipCbor(view, at);
  };
  const rows = { bytes: view.byteLength, units: VECTORS, unit: 'vectors' };
  return [
    { name: `vector read, CBOR, dim ${DIM}`, ...rows, call: read },
    { name: `vector stepped over, CBOR, dim ${DIM}`, ...rows, call: skip },
  ];
}

/** A slab of rows with a key of text and a vector: what the encoder does but for checksums and the file. */
function parquetPage(): Loop {
  const rows = Math.floor(fileRing(1).slabBytes / (DIM * 4 + 20));
  const keys = Buffer.from('document-00000000000'.slice(0, 16).repeat(rows));
  const columns: readonly (readonly [Field, Column])[] = [
    [
      { name: 'id', type: 'VarChar', primaryKey: true, dim: 0, maxLength: 64 },
      { field: 'id', rowBytes: 0, bytes: keys, offsets: Uint32Array.from({ length: rows + 1 }, (_, row) => row * 16) },
    ],
    [
      { name: 'vec', type: 'FloatVector', primaryKey: false, dim: DIM },
      { field: 'vec', rowBytes: DIM * 4, bytes: new Uint8Array(rows * DIM * 4) },
    ],
  ];
  return {
    name: `Parquet pages of a text and a vector, dim ${DIM}`,
    bytes: rows * (DIM * 4 + 16),
    units: rows,
    unit: 'rows',
    call() {
      for (const [field, column] of columns) dataPage(parquetColumn(field), pageRows(field, column, rows));
    },
  };
}
