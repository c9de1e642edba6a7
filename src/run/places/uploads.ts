/**
 * The journal of uploads: what a store keeps under an id of its own is recorded before its first byte is sent, so that
 * a run that dies leaves nothing behind that nobody knows.
 *
 * ```
 *   worker: begin an upload ──► ask ──► wait ────────────────────► send bytes ──► part
 *   main:                        └► checkpoint.recordUpload ──► answer             └► recordPart, dropUploads
 * ```
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Checkpoint } from '../../core/checkpoint.ts';
import type { OpenStore, RecordUpload, Store, StoreConfig, Upload } from '../../core/contracts.ts';
import { fromPlain, MigrateError, type PlainError, toPlain } from '../../core/errors.ts';
import { announce } from '../progress/events.ts';

type Ask = { readonly id: number; readonly upload: Upload };
type Answer = { readonly id: number; readonly error: PlainError | undefined };

/** Main side, for one task. */
export interface UploadDesk {
  /** Goes to the worker with the task. */
  readonly port: MessagePort;
  /** What was recorded so far. */
  readonly uploads: readonly Upload[];
  close(): void;
}

export function openUploadDesk(record: RecordUpload): UploadDesk {
  const { port1, port2 } = new MessageChannel();
  const uploads: Upload[] = [];
  const answer = async ({ id, upload }: Ask): Promise<Answer> => {
    try {
      await record(upload);
      uploads.push(upload);
      return { id, error: undefined };
    } catch (thrown) {
      return { id, error: toPlain(thrown) };
    }
  };
  port1.on('message', (ask: Ask) => void answer(ask).then((reply) => port1.postMessage(reply)));
  return { port: port2, uploads, close: () => port1.close() };
}

/** Worker side: what a store is given to record its uploads with. */
export function askToRecord(port: MessagePort): RecordUpload {
  const waiting = new Map<number, (answer: Answer) => void>();
  let asked = 0;
  port.on('message', (answer: Answer) => {
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  return async (upload) => {
    const id = asked++;
    const answer = await new Promise<Answer>((resolve) => {
      waiting.set(id, resolve);
      port.postMessage({ id, upload } satisfies Ask);
    });
    if (answer.error !== undefined) throw fromPlain(answer.error);
    announce('upload recorded', upload.path);
  };
}

/** For stores that keep nothing under an id, and for files that nobody would miss. */
export const recordNothing: RecordUpload = async () => undefined;

/** The journal of one job in one store. */
export interface Journal {
  record: RecordUpload;
  /** They are complete. */
  drop(uploads: readonly Upload[]): Promise<void>;
  /**
   * Aborts what dead runs left, in other stores of the same service too. Nothing of this run may be under way.
   * @returns what could not be aborted there: it stays recorded as long as the job is
   */
  discardLeft(): Promise<readonly LeftElsewhere[]>;
}

export interface LeftElsewhere {
  /** The other store, as messages name it. */
  readonly where: string;
  readonly why: string;
}

export function leftInWords({ where, why }: LeftElsewhere): string {
  return `an earlier run left uploads in ${where} that are not complete, and they can not be removed now (${why})`;
}

/** As it stands in the checkpoint: the token says of which store it is, since a job may be gone on with in another one. */
interface Kept {
  readonly store: string;
  readonly token: string;
  /** How that store is reached; the first release did not keep it. */
  readonly config?: StoreConfig;
}

/** Where the files of a job lie. */
export interface FilesPlace {
  readonly store: Store;
  readonly config: StoreConfig;
  /** For other places of the same job. */
  readonly open: OpenStore;
}

export function openJournal(checkpoint: Checkpoint, jobId: string, { store, config, open }: FilesPlace): Journal {
  const here = store.describe('');
  const kept = ({ path, token }: Upload): Upload => ({
    path,
    token: JSON.stringify({ store: here, token, config } satisfies Kept),
  });
  const isHere = (other: Kept): boolean =>
    other.store === here && (other.config === undefined || endpointOf(other.config) === endpointOf(config));
  const discard = async (upload: Upload, { config: other, token }: Kept): Promise<void> => {
    await using elsewhere = other === undefined ? undefined : await open(asItIs(other));
    await (elsewhere ?? store).discard({ path: upload.path, token });
  };
  /** @returns why not */
  const discardElsewhere = async (upload: Upload, known: Kept): Promise<string | undefined> => {
    if (known.config === undefined) return 'it is not recorded how it is reached';
    if (!mayOpen(known.config, config)) return 'the credentials of this run are for another service';
    try {
      await discard(upload, known);
      return undefined;
    } catch (thrown) {
      // What opens this store may not open that one.
      if (!(thrown instanceof MigrateError)) throw thrown;
      return thrown.message;
    }
  };
  return {
    record: (upload) => checkpoint.recordUpload(jobId, kept(upload)),
    drop: async (uploads) => {
      if (uploads.length > 0) await checkpoint.dropUploads(jobId, uploads.map(kept));
    },
    async discardLeft() {
      const left = new Map<string, string>();
      for (const upload of await checkpoint.uploads(jobId)) {
        const known = readKept(upload);
        if (isHere(known)) await discard(upload, { store: known.store, token: known.token });
        else {
          const why = left.get(known.store) ?? (await discardElsewhere(upload, known));
          if (why !== undefined) {
            left.set(known.store, why);
            continue;
          }
        }
        await checkpoint.dropUploads(jobId, [upload]);
      }
      return [...left].map(([where, why]) => ({ where, why }));
    },
  };
}

/** A bucket may have the same name at two services. */
function endpointOf(config: StoreConfig): string {
  return config.scheme === 'file' ? '' : (config.endpoint ?? '');
}

/**
 * Whether credentials for the one store may be shown to the other: to the service that they are of, and to no other. A
 * folder asks for none.
 */
export function mayOpen(other: StoreConfig, given: StoreConfig): boolean {
  if (other.scheme === 'file') return true;
  return other.scheme === given.scheme && endpointOf(other) === endpointOf(given);
}

/** For looking and removing: a bucket that is not there any more is an empty one. Nothing is written, so none is made. */
export function asItIs(config: StoreConfig): StoreConfig {
  return config.scheme === 'file' ? config : { ...config, createBucket: true };
}

function readKept({ path, token }: Upload): Kept {
  const value: unknown = JSON.parse(token);
  if (typeof value === 'object' && value !== null && 'store' in value && 'token' in value) return value as Kept;
  throw new MigrateError('E_STATE', 'the record of an upload can not be read', { found: path });
}
