// Shows the progress of a command on stderr while it works, and removes it before the command prints.
import type { Progress } from '../model/progress.js';
import { ProgressLine } from '../report/progress.js';

export async function withProgress<T>(work: (progress: Progress) => T | Promise<T>): Promise<T> {
  const line = new ProgressLine(process.stderr, () => performance.now());
  try {
    return await work(line.tell);
  } finally {
    line.end();
  }
}
