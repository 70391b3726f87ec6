// Aborts work of a tool when a signal ends this process: the tool is killed and what it wrote is removed before the signal
// takes its usual effect. A signal with another handler is left to that handler.

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The signal of the outermost call; nested calls share it. */
let outermost: AbortSignal | undefined;

/** Runs `work`. `ended` aborts when such a signal arrives; `work` must then return soon. */
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
