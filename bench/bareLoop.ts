/**
 * The least that a program in Node can do that looks at each byte: threads that read a buffer, take its CRC-32 and write
 * it, and flush each file. No search for NaN, no deletes, no checkpoint, nothing of ours to load. What it takes more than
 * a copy is no tool's to save that writes as programs usually do.
 *
 *   node dist/bench/bareLoop.js SOURCE TARGET THREADS
 */
import { closeSync, fsync, fsyncSync, mkdirSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';

const BUFFER_BYTES = 1024 * 1024;
/** After so many bytes a flush is begun on the side. */
const FLUSH_BYTES = 32 * 1024 * 1024;

interface Share {
  readonly source: string;
  readonly target: string;
  /** Relative to both. */
  readonly files: readonly string[];
}

function start([source, target, threads]: readonly string[]): void {
  if (source === undefined || target === undefined || threads === undefined)
    throw new Error('bareLoop SOURCE TARGET THREADS');
  const sizeOf = (file: string): number => statSync(join(source, file)).size;
  const files = readdirSync(source, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(source.length + 1))
    .toSorted((a, b) => sizeOf(b) - sizeOf(a));
  const shares = Array.from({ length: Number(threads) }, () => ({ bytes: 0, files: [] as string[] }));
  for (const file of files) {
    const least = shares.reduce((a, b) => (b.bytes < a.bytes ? b : a));
    least.bytes += sizeOf(file);
    least.files.push(file);
  }
  for (const share of shares)
    new Worker(fileURLToPath(import.meta.url), { workerData: { source, target, files: share.files } satisfies Share });
}

async function work({ source, target, files }: Share): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (const file of files) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    const [from, to] = [openSync(join(source, file), 'r'), openSync(join(target, file), 'w')];
    const flushes: Promise<void>[] = [];
    let crc = 0;
    let unflushed = 0;
    for (;;) {
      const got = readSync(from, buffer);
      if (got === 0) break;
      crc = crc32(buffer.subarray(0, got), crc);
      for (let done = 0; done < got; ) done += writeSync(to, buffer, done, got - done);
      unflushed += got;
      if (unflushed < FLUSH_BYTES) continue;
      unflushed = 0;
      flushes.push(
        new Promise((resolve, reject) => fsync(to, (error) => (error === null ? resolve() : reject(error)))),
      );
    }
    await Promise.all(flushes);
    fsyncSync(to);
    closeSync(to);
    closeSync(from);
  }
}

if (isMainThread) start(process.argv.slice(2));
else await work(workerData as Share);
