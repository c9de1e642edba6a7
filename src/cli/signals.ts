/** SIGINT and SIGTERM: the first asks the run to wind up, the second ends the process at once. */

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
