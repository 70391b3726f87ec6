// Progress of a command: to stderr while it works, and gone before it prints.
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
