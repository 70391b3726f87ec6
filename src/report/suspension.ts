// A suspension in words, for people and logs.
import type { Suspension } from '../model/suspension.js';
import { printable } from './style.js';

/** `suspended: ens5, until 2026-01-01T00:00:00.000Z, by root since ... (why)` */
export function suspensionWords({ interface: only, reason, by, since, until, file }: Suspension): string {
  const end = until === undefined ? `while ${file ?? 'its file'} is there` : `until ${until}`;
  return printable(`suspended: ${only ?? 'everything'}, ${end}, by ${by} since ${since} (${reason})`);
}
