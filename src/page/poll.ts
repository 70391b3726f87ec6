// Asking the host: one request for a path at a time, the next one a moment after the last ended.

export type Listener<T> = (answer: T) => void;

/** `pause` in milliseconds. A hidden tab asks nothing. */
export function poll<T>(path: string, pause: number, heard: Listener<T>, failed: Listener<Error>): void {
  const ask = async (): Promise<void> => {
    if (!document.hidden) {
      try {
        heard(await fetchDocument<T>(path));
      } catch (error) {
        failed(error instanceof Error ? error : new Error(String(error)));
      }
    }
    setTimeout(() => void ask(), pause);
  };
  void ask();
}

export async function fetchDocument<T>(path: string): Promise<T> {
  const response = await fetch(path, { signal: AbortSignal.timeout(15_000) });
  if (!response.ok) throw new Error((await response.text()).trim());
  return (await response.json()) as T;
}
