// Is conntrack asked by the policies of this host, as the newest generation says it, and what is it worth just now?
import type { Tracking } from '../model/connections.js';
import { readBuiltin } from '../desired/programs/builtins.js';
import { ConntrackQuestion } from '../kernel/conntrack-source.js';
import { askConntrack, isInUse } from '../pass/conntrack.js';

/** `undefined` where the tables are the only source. */
export function conntrackInUse(dataDir: string): Pick<Tracking, 'follows' | 'reason'> | undefined {
  if (!isInUse(dataDir)) return undefined;
  const { follows, reason } = askConntrack();
  return { follows, ...(reason !== undefined && { reason }) };
}

/** To ask it about flows; `undefined` where the tables are the only source, and where it cannot be asked. */
export function questionInUse(dataDir: string): ConntrackQuestion | undefined {
  return isInUse(dataDir) ? ConntrackQuestion.open(readBuiltin('conntrack-question')) : undefined;
}
