/** SIGINT and SIGTERM: the first asks the run to wind up, the second ends the process at once. */
import { MigrateError } from '../core/errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export interface OnSignals {
  /** The first signal. */
  readonly wind: () => void;
  /** The second one. */
  readonly kill: () => void;
}

interface Emitter {
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

/** @returns takes the listeners away again */
export function listenForSignals(emitter: Emitter, { wind, kill }: OnSignals): () => void {
  let heard = false;
  const listener = (): void => {
    if (heard) kill();
    else wind();
    heard = true;
  };
  for (const signal of SIGNALS) emitter.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) emitter.off(signal, listener);
  };
}

/**
 * `work`, given up at the first signal: for commands that only look, and have nothing to wind up.
 * @throws MigrateError E_INTERRUPTED
 */
export async function unlessInterrupted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let stop: () => void = () => undefined;
  const interrupted = new Promise<never>((_, reject) => {
    stop = () => reject(new MigrateError('E_INTERRUPTED', 'interrupted'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
