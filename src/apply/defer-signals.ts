// Defers SIGHUP, SIGINT and SIGTERM until the change in progress has been verified, so that a lost terminal or a stopped
// unit cannot cut it in two.
import { setImmediate as immediate } from 'node:timers/promises';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs `work` to its end, then sends this process the signals that arrived meanwhile, unless they have another handler. */
export async function deferSignals<T>(work: () => Promise<T>): Promise<T> {
  const held = new Set<NodeJS.Signals>();
  const hold = (signal: NodeJS.Signals) => held.add(signal);
  for (const signal of ENDING) process.on(signal, hold);
  try {
    return await work();
  } finally {
    await immediate(); // Node delivers a signal that already arrived in the next turn of the event loop
    for (const signal of ENDING) process.off(signal, hold);
    for (const signal of held) if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  }
}
