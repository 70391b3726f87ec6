// Defers SIGHUP, SIGINT and SIGTERM until the change in progress has been verified, so that a lost terminal or a stopped
// unit cannot cut it in two.
import { setImmediate as immediate } from 'node:timers/promises';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export async function deferSignals<T>(work: () => Promise<T>): Promise<T> {
  const held = new Set<NodeJS.Signals>();
  const hold = (signal: NodeJS.Signals) => held.add(signal);
  for (const signal of ENDING) process.on(signal, hold);
  try {
    return await work();
  } finally {
    await immediate(); // one that has come already is heard in the event loop's own time
    for (const signal of ENDING) process.off(signal, hold);
    for (const signal of held) if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  }
}
