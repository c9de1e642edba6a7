/**
 * Repetition and definition levels: Parquet's way to say which value belongs to which row and what is null, in its
 * hybrid of runs and packed bits, of which only runs are written (parquet-format, Encodings.md, «RLE»).
 */

/** Grows as it is filled. */
export interface ByteSink {
  bytes: Uint8Array;
  length: number;
}

export function createSink(capacity: number): ByteSink {
  return { bytes: new Uint8Array(capacity), length: 0 };
}

export function push(sink: ByteSink, byte: number): void {
  if (sink.length === sink.bytes.length) {
    const larger = new Uint8Array(Math.max(64, sink.bytes.length * 2));
    larger.set(sink.bytes);
    sink.bytes = larger;
  }
  sink.bytes[sink.length++] = byte;
}

/** `count` times the same level. Levels here are at most 2: one byte. */
export function pushRun(sink: ByteSink, level: number, count: number): void {
  if (count === 0) return;
  // The lowest bit of the header, 0, says that it is a run. Counts stay below 2^31.
  for (let rest = count * 2; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      push(sink, rest);
      break;
    }
    push(sink, (rest % 128) | 128);
  }
  push(sink, level);
}

/** Joins equal neighbours into runs. */
export interface LevelWriter {
  add(level: number, count: number): void;
  /** The levels with their length before them, as a data page of version 1 wants them. */
  finish(): Uint8Array;
}

export function openLevels(): LevelWriter {
  const sink = createSink(256);
  for (let byte = 0; byte < 4; byte++) push(sink, 0);
  let current = -1;
  let pending = 0;
  return {
    add(level, count) {
      if (count === 0) return;
      if (level === current) {
        pending += count;
        return;
      }
      pushRun(sink, current, pending);
      current = level;
      pending = count;
    },
    finish() {
      pushRun(sink, current, pending);
      const { bytes, length } = sink;
      new DataView(bytes.buffer).setUint32(0, length - 4, true);
      return bytes.subarray(0, length);
    },
  };
}
