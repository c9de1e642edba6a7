/** Whether the parts of earlier runs are what was written: those that are not are made again. */
import { setImmediate } from 'node:timers/promises';
import type { PartitionRecord } from '../../core/checkpoint.ts';
import type { Part } from '../../core/contracts.ts';
import { crc32 } from '../../core/crc32.ts';
import { MigrateError } from '../../core/errors.ts';
import { gatherFiles, otherAttempt, partFolders } from '../places/partFolders.ts';
import { sideBySide } from '../places/sideBySide.ts';
import type { RunContext } from '../shared/context.ts';

/** Parts that can't be used any more are made again, as long as nothing of them was handed to the target. */
export async function discardUnusable(run: RunContext): Promise<void> {
  await lookAtEach(run, async ({ planned, part, load }) => {
    if (part === undefined || load !== undefined) return;
    const why = await whyUnusable(run, part, planned.upsert === true);
    if (why === undefined) return;
    if (why !== '' && run.reader.kind === 'dumped') throw await damaged(run, part, why);
    if (why !== '') run.warn(`part ${part.dir} of ${planned.collection} is made again: ${why}`);
    await run.ledger.discardPart(part.partition);
  });
}

async function lookAtEach(run: RunContext, look: (record: PartitionRecord) => Promise<void>): Promise<void> {
  await sideBySide(run.files?.config ?? NOWHERE, run.ledger.partitions(), look, run.signal);
}

/** Without files there is nothing to wait for. */
const NOWHERE = { scheme: 'file' } as const;

/**
 * Partitions whose parts are made again though their import was announced: their files are not what was written, and
 * what `settleImports` left like that was never submitted. Their records stay until there are others. Where files are all
 * that is asked for, so are those of which the rows have arrived and the files are gone, or never were.
 */
export async function findLost(run: RunContext, takes: (collection: string) => boolean): Promise<ReadonlySet<string>> {
  const lost = new Set<string>();
  if (run.route === 'stream') return lost;
  await lookAtEach(run, async ({ planned, part, load }) => {
    if (part === undefined || load === undefined || !takes(planned.collection)) return;
    if (run.route === 'import' && load.state !== 'intended') return;
    // A run that died before it renamed them left them under the name of an earlier attempt; one that died when it had made
    // them again, under that of the next.
    const folders = partFolders(part, load).toReversed();
    const why = part.files.length === 0 ? 'its rows were streamed' : await whatIsWrong(run, part, folders);
    if (why === undefined) {
      if (load.state === 'loaded' && run.files !== undefined)
        await gatherFiles(run.files.store, part, { from: partFolders(part, load), to: part.dir });
      return;
    }
    if (run.reader.kind === 'dumped') throw await damaged(run, part, why);
    if (load.state !== 'loaded') run.warn(`part ${part.dir} of ${planned.collection} is made again: ${why}`);
    for (const dir of folders) await run.files?.store.remove(dir);
    lost.add(part.partition);
  });
  return lost;
}

/** There is nothing to make it from again but these very files. */
async function damaged({ files }: RunContext, part: Part, found: string): Promise<MigrateError> {
  const { dir } = part;
  const other = files === undefined ? undefined : await otherAttempt(files.store, part);
  if (other !== undefined)
    return new MigrateError('E_PART_DAMAGED', 'another load of the dumped folder has this part in hand', {
      at: { file: files?.store.describe(dir) ?? dir },
      found: `its files in ${other}, and ${found}`,
      wanted: 'a folder that no other load is at work on, or has left unfinished',
      hint: 'finish that load (the same command again), or forget it (milvus-migrate jobs, with its --state): then the files have their name again',
    });
  return new MigrateError('E_PART_DAMAGED', 'a part of the dumped folder is not what its manifest says', {
    at: { file: files?.store.describe(dir) ?? dir },
    found,
    hint: 'copy the dumped folder again, or dump again from the source',
  });
}

/** undefined: fine. `''`: the user asked for something else than before. */
async function whyUnusable(run: RunContext, part: Part, upsert: boolean): Promise<string | undefined> {
  const { route, config } = run;
  // Rejected rows are in no file, and left ones need one: another choice about them makes another part.
  const left = part.nonFinite + (part.refused ?? 0);
  // Of a dumped folder, the rejected ones stand in that dump's file, whatever is asked for now.
  const rejected = run.reader.kind === 'dumped' ? 0 : part.rejected;
  if (config.rejectFile !== undefined ? left > 0 : rejected > 0) return '';
  if (route === 'stream' || upsert) return undefined;
  if (part.files.length === 0) return '';
  return whatIsWrong(run, part, [part.dir]);
}

/** @param folders where a file may lie, the first that has it counts. @returns undefined: fine */
async function whatIsWrong(run: RunContext, part: Part, folders: readonly string[]): Promise<string | undefined> {
  // A dumped folder may have come a long way. What lies in a bucket would have to be got once more for it, and the
  // services check what is copied.
  const checked = run.config.checkParts || (run.reader.kind === 'dumped' && run.files?.config.scheme === 'file');
  for (const file of part.files) {
    const found = await findFile(run, file.name, folders);
    if (found === undefined) return `${file.name} is not there any more`;
    if (found.size !== file.bytes) return `${file.name} has ${found.size} bytes, ${file.bytes} were written`;
    if (checked && (await crcOf(run, found.path, file.bytes)) !== file.crc32)
      return `${file.name} has another checksum than what was written`;
  }
  return undefined;
}

async function findFile(
  { files }: RunContext,
  name: string,
  folders: readonly string[],
): Promise<{ readonly path: string; readonly size: number } | undefined> {
  for (const dir of folders) {
    const path = `${dir}/${name}`;
    const stat = await files?.store.stat(path);
    if (stat !== undefined) return { path, size: stat.size };
  }
  return undefined;
}

const CHECKED_BYTES = 4 * 1024 * 1024;

/** CRC-32 of a file of `bytes` bytes. */
async function crcOf({ files, signal }: RunContext, path: string, bytes: number): Promise<number> {
  const memory = new Uint8Array(Math.min(CHECKED_BYTES, bytes));
  const file = await files?.store.openFile(path);
  file?.expect(0, bytes);
  let crc = 0;
  try {
    for (let at = 0; at < bytes; at += memory.length) {
      // Local reads are synchronous: this lets a signal in.
      await setImmediate();
      if (signal.aborted) throw new MigrateError('E_INTERRUPTED', 'interrupted');
      const piece = memory.subarray(0, bytes - at);
      await file?.readInto(piece, at);
      crc = crc32(piece, crc);
    }
  } finally {
    await file?.close();
  }
  return crc;
}
