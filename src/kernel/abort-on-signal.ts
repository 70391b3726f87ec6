// A signal that ends this process while a tool of ours works for it: the tool ends too, and what it was writing goes
// away, before the signal does what it would have done. Where somebody else listens to a signal, it is theirs.

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Of the outermost work: what it calls ends with it. */
let outermost: AbortSignal | undefined;

/** `ended` aborts on such a signal; `work` then has to settle soon. */
export async function abortOnSignal<T>(work: (ended: AbortSignal) => Promise<T>): Promise<T> {
  if (outermost) return work(outermost);
  const ending = new AbortController();
  outermost = ending.signal;
  let received: NodeJS.Signals | undefined;
  const end = (signal: NodeJS.Signals) => {
    if (process.listenerCount(signal) > 1) return;
    received = signal;
    ending.abort();
  };
  for (const signal of ENDING) process.on(signal, end);
  try {
    return await work(ending.signal);
  } finally {
    outermost = undefined;
    for (const signal of ENDING) process.off(signal, end);
    if (received !== undefined) process.kill(process.pid, received);
  }
}
