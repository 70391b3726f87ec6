// A suspension as people read it.
import { type Suspension, suspensionWords } from '../model/suspension.js';
import { printable } from './style.js';

/** For people and logs alike. */
export function suspensionLine(suspension: Suspension): string {
  return printable(`suspended: ${suspensionWords(suspension)}`);
}
