// For those who can do without what was kept: what is damaged or lost is as good as not there.
import { JournalError } from '../model/errors.js';

/** What `read` gives; `undefined` after a JournalError. Every other error is passed on. */
export function ifReadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof JournalError) return undefined;
    throw error;
  }
}
