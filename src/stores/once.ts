/** Questions that are asked of a service until it has answered. */

/** The first answer, kept. Asked again after a failure, or where the answer is undefined; by one caller at a time. */
export function once<T>(ask: () => Promise<T | undefined>): () => Promise<T | undefined> {
  let known: T | undefined;
  let asking: Promise<T | undefined> | undefined;
  return async () => {
    if (known !== undefined) return known;
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    known = await asking;
    return known;
  };
}
