// Waiting with an end.

/** Milliseconds without news after which a node is asked whether it still answers. */
export const QUIET_MS = 15_000;

/** The first of some promises, or `undefined` after so many milliseconds. */
export async function soonest<T>(waited: readonly Promise<T>[], milliseconds: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pause = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([...waited, pause]);
  } finally {
    clearTimeout(timer);
  }
}
