/** Lets the tasks of one worker use its slabs one after the other, in the order in which they asked. */

/** Resolves when it is the caller's turn, to what ends it. */
export type Turn = () => Promise<() => void>;

export function createTurn(): Turn {
  let last: Promise<void> = Promise.resolve();
  return async () => {
    const before = last;
    let end = (): void => undefined;
    last = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    return end;
  };
}

/** Runs `work` in its turn, and ends that however it went. */
export async function inTurn<T>(turn: Turn, work: () => Promise<T>): Promise<T> {
  const end = await turn();
  try {
    return await work();
  } finally {
    end();
  }
}
