// What this process has open on the machine: processes, labs, machines. vitest does not stop a test whose time is up, it
// only stops waiting for it, and ends neither child processes nor namespaces. So whoever opens something says it here, and
// test/setup.ts closes after each test what the test itself did not.

interface Opened {
  what: string;
  close: () => unknown;
}

const opened = new Set<Opened>();

/** `close` may be called though the owner closes it at the same time. Call what is returned once it is closed. */
export function opens(what: string, close: () => unknown): () => void {
  const entry = { what, close };
  opened.add(entry);
  return () => {
    opened.delete(entry);
  };
}

export type Mark = ReadonlySet<unknown>;

/** What is open now. */
export function mark(): Mark {
  return new Set(opened);
}

/** Closes what was opened since, the newest first, and says what that was. What fails to close is left to the end of the run. */
export async function closeSince(before: Mark): Promise<string[]> {
  const left = [...opened].filter((entry) => !before.has(entry)).reverse();
  for (const entry of left) {
    try {
      await entry.close();
    } catch {
      // It was not closed in order, so it complains of what it still held. What stays behind fails the run.
    }
    opened.delete(entry);
  }
  return left.map(({ what }) => what);
}
