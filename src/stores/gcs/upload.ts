/**
 * An object in pieces: each is a small hidden object of its own, and the service composes them when the part is
 * committed. A resumable upload would want the header first, and its pieces one after the other.
 *
 *   tables/.unfinished-NAME.a1-4f…/data.npy/2 … 64     sent as they are filled
 *   tables/.unfinished-NAME.a1-4f…/data.npy/1          the header, last
 *   tables/NAME.a1/data.npy                            composed of them; then they are deleted
 */
import { randomBytes } from 'node:crypto';
import type { RecordUpload, Upload } from '../../core/contracts.ts';
import { MigrateError } from '../../core/errors.ts';
import { inBatches } from '../batches.ts';
import { MOST_PIECES, type PieceSizes } from '../pieces/memory.ts';
import type { PieceUpload } from '../pieces/writer.ts';
import { composeRound, MOST_COMPONENTS } from './compose.ts';
import { crc32cCombine } from './crc32c.ts';
import { deleteForGood, listKeys, putObject, sameContents, UNFINISHED } from './objects.ts';
import { type Doing, type GcsSession, objectAt } from './session.ts';

const MiB = 1024 * 1024;

/**
 * Each piece is an object that is written and deleted, which Google counts, and one request composes only 32 of them: a
 * part of 512 MB is 32 pieces, put together once. With 6 MiB it was 82, two thirds of them composed twice.
 */
export const COMPOSED: PieceSizes = { first: 6 * MiB, next: 16 * MiB, inFlight: 2 };

interface SentPiece {
  readonly path: string;
  readonly generation: string;
  readonly bytes: number;
  readonly crc: number;
}

/** A folder beside the final one that tells whose it is and that nobody else takes. */
export function unfinishedFolder(dir: string): string {
  const steps = dir.split('/');
  const name = `${UNFINISHED}${steps.pop()}-${randomBytes(6).toString('hex')}`;
  return [...steps, name].join('/');
}

export interface UploadParts {
  readonly session: GcsSession;
  /** Final path of the object. */
  readonly path: string;
  /** Where its pieces lie: by `unfinishedFolder`, with the object's name behind it. */
  readonly folder: string;
  readonly record: RecordUpload;
}

export function pieceUpload({ session, path, folder, record }: UploadParts): PieceUpload<SentPiece> {
  let [begun, composed, joined] = [false, false, 0];
  const doing: Doing = { what: 'compose an object of its pieces', path };

  const compose = async (to: string, pieces: readonly SentPiece[]): Promise<SentPiece> => {
    const sourceObjects = pieces.map((piece) => ({ name: session.key(piece.path) }));
    const answer = await session.call(doing, {
      method: 'POST',
      at: [...objectAt(session, to), 'compose'],
      query: { fields: 'size,crc32c,generation' },
      json: { sourceObjects, destination: { contentType: 'application/octet-stream' } },
    });
    const bytes = pieces.reduce((sum, piece) => sum + piece.bytes, 0);
    const crc = pieces.reduce((sum, piece) => crc32cCombine(sum, piece.crc, piece.bytes), 0);
    sameContents(session, doing, answer, { size: bytes, crc });
    return { path: to, bytes, crc, generation: session.must(answer, 'generation', doing) };
  };
  const composeAll = async (pieces: readonly SentPiece[]): Promise<void> => {
    let level = pieces;
    while (level.length > MOST_COMPONENTS) {
      const groups = composeRound(level);
      const next: SentPiece[] = groups.map((group) => group[0]!);
      const wide = groups.map((group, at) => ({ group, at })).filter(({ group }) => group.length > 1);
      await inBatches(wide, async ({ group, at }) => {
        next[at] = await compose(`${folder}/joined-${joined++}`, group);
      });
      level = next;
    }
    await compose(path, level);
  };
  return {
    most: MOST_PIECES,
    async begin() {
      await session.ready();
      await record({ path, token: folder });
      begun = true;
    },
    async send({ number, bytes }, signal) {
      const piece = `${folder}/${number}`;
      const sending = { what: `send piece ${number} of an object`, path };
      const { crc, generation } = await putObject(session, sending, { path: piece, bytes, signal });
      return { path: piece, generation, bytes: bytes.length, crc };
    },
    async complete(pieces) {
      if (!composed) await composeAll(pieces);
      composed = true;
      await discardPieces(session, folder);
    },
    whole: async (bytes) => void (await putObject(session, { what: 'write an object', path }, { path, bytes })),
    abort: async () => {
      if (begun) await discardPieces(session, folder);
    },
  };
}

/** What a crashed run left of an upload; a complete one has left nothing but the object. */
export async function discardUpload(session: GcsSession, { path, token }: Upload): Promise<void> {
  // A record that is not ours must not delete finished objects.
  if (!token.split('/').some((step) => step.startsWith(UNFINISHED)))
    throw new MigrateError('E_STATE', 'the record of an upload names no unfinished one', {
      at: { file: session.describe(path) },
      found: token,
    });
  await discardPieces(session, token);
}

async function discardPieces(session: GcsSession, folder: string): Promise<void> {
  const left = [];
  for await (const piece of listKeys(session, folder, session.below(folder))) left.push(piece);
  await deleteForGood(session, left);
}

/** Deletes the pieces of folders directly below `prefix` whose name holds `mark`. Returns how many folders. */
export async function sweepPieces(session: GcsSession, prefix: string, mark: string): Promise<number> {
  const below = session.below(prefix);
  const folders = new Set<string>();
  const left = [];
  for await (const piece of listKeys(session, prefix, `${below}${UNFINISHED}`)) {
    const [folder = '', ...rest] = session.key(piece.path).slice(below.length).split('/');
    if (rest.length === 0 || !folder.includes(mark)) continue;
    folders.add(folder);
    left.push(piece);
  }
  await deleteForGood(session, left);
  return folders.size;
}
