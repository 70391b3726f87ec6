// Looking at errors whole: message, hint and exit code.

/** What `action` throws; a test that expects a failure must not pass without one. */
export function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

/** The same for what rejects. */
export async function rejected(action: Promise<unknown>): Promise<unknown> {
  const outcome = await action.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (!outcome) throw new Error('it did not fail');
  return outcome.error;
}
