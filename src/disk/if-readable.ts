// Reads what a caller can do without: damaged and lost records count as absent.
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
