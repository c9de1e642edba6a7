/** Codes of a step → its vectors: through the decoder, with what it needs besides the codes. */
import { openDecoder } from '../../formats/faiss/decode/open.ts';
import { lookupIn } from './lookup.ts';
import type { OpenIndex } from './openIndex.ts';
import { gatherRecords, type RecordTable } from './records.ts';
import type { Step } from './steps.ts';

export interface StepData {
  /** The codes of the step's pieces, one behind the other. */
  readonly codes: Uint8Array;
  /** Stored ids. */
  readonly ids: BigInt64Array;
  /** Room for the step's vectors; its offset in its buffer is a multiple of 4. */
  readonly out: Uint8Array;
}

export interface Decoding {
  /** Whether codes are the vectors as they come out. */
  readonly raw: boolean;
  readonly rowBytes: number;
  decode(step: Step, data: StepData): Promise<void>;
}

export function openDecoding(open: OpenIndex): Decoding {
  const { recipe, shape, shared } = open;
  const { codec, transforms } = recipe;
  const decoder = openDecoder(recipe, lookupIn(shared));
  const plain = codec.kind === 'float32' || codec.kind === 'bits';
  const second = secondCodes(open);
  return {
    raw: plain && transforms.length === 0 && shape.blockRows === 1 && shape.blockBytes === decoder.rowBytes,
    rowBytes: decoder.rowBytes,
    async decode(step, { codes, ids, out }) {
      const more = second === undefined ? undefined : await gather(open, second, ids);
      let at = 0;
      for (const { entry, to, rows, skip, codesAt, codeBytes } of step.pieces) {
        const range = {
          codes: codes.subarray(at, at + codeBytes),
          codesAt,
          first: skip,
          rows,
          list: shape.numberOf(entry),
          ...(second === undefined ? {} : { second: more!.subarray(to * second.record, (to + rows) * second.record) }),
        };
        decoder.decode(range, out.subarray(to * decoder.rowBytes, (to + rows) * decoder.rowBytes));
        at += codeBytes;
      }
    },
  };
}

/** IwQR: codes by stored id, in an array of their own. */
function secondCodes({ recipe }: OpenIndex): RecordTable | undefined {
  const { codec, rows, counted = rows } = recipe;
  if (codec.kind !== 'refined') return undefined;
  const { codesAt: at, record } = codec;
  return { at, record, count: counted, held: undefined, what: 'second codes' };
}

async function gather({ index: file, limits, file: describe }: OpenIndex, table: RecordTable, ids: BigInt64Array) {
  const out = new Uint8Array(ids.length * table.record);
  await gatherRecords(ids, table, { file, describe, limits, out });
  return out;
}
