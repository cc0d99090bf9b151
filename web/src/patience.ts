/** Waiting for an answer, but not for ever. */

/** No answer came. */
export class NoAnswer extends Error {
  constructor(
    path: string,
    /** What was asked would change something: it may be done or not. */
    readonly mayBeDone: boolean,
  ) {
    super(path);
  }
}

/** Gives `work` up once the time is over, or once nobody wants it any more. `onLate` says what is thrown in the first case. */
export async function within<T>(
  patience_s: number,
  stop: AbortSignal | undefined,
  work: (stop: AbortSignal) => Promise<T>,
  onLate: () => Error,
): Promise<T> {
  const givenUp = new AbortController();
  const giveUp = () => givenUp.abort();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    giveUp();
  }, patience_s * 1000);
  if (stop?.aborted) giveUp();
  stop?.addEventListener("abort", giveUp);
  try {
    return await work(givenUp.signal);
  } catch (fault) {
    throw isLate ? onLate() : fault;
  } finally {
    clearTimeout(timer);
    stop?.removeEventListener("abort", giveUp);
  }
}
