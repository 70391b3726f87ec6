// Checks what rules with `connection` need: a kernel that can record what leaves, tables with room, and a program at the way out of every
// interface that the state files name, since what leaves by one may be answered on another.
import { wantedFor } from '../diff/diff.js';
import { missingCapabilities } from '../kernel/capabilities.js';
import { conntrackFlows } from '../kernel/conntrack.js';
import { hasTcxLinks } from '../kernel/features.js';
import { pinPathsOf } from '../kernel/pin-paths.js';
import { listLinks } from '../kernel/rtnetlink.js';
import { asksAboutConnections, type DesiredState } from '../model/desired.js';
import type { Check } from '../model/doctor.js';
import { type ObservedState, sharedMap } from '../model/observed.js';
import { FLOW_TABLES } from '../model/connections.js';
import { askConntrack, CONNTRACK_HINT, wantsConntrack } from '../pass/conntrack.js';
import { connectionsStatus } from '../pass/count-connections.js';
import { pressureWarnings } from '../policy/connections/pressure.js';
import { type Answer, check, failure, ok, unknown, warning } from './check.js';

interface Seen {
  /** Absent when the state files cannot be used. */
  desired?: DesiredState;
  /** Absent when this process may not look. */
  observed?: ObservedState;
}

export function checkConnections(bpffs: string, seen: Seen): Promise<Check> {
  return check('connections', () => answer(bpffs, seen));
}

function answer(bpffs: string, { desired, observed }: Seen): Answer {
  const flows = conntrackWords(conntrackFlows());
  const asks = desired !== undefined && asksAboutConnections(desired);
  if (!observed || missingCapabilities().length > 0)
    return unknown(`what is recorded is not visible to this user; ${flows}`);
  const source = desired && wantsConntrack(desired) ? askConntrack() : undefined;
  if (source?.reason !== undefined) {
    return failure(
      `connections: {from: conntrack} is wanted, and conntrack is no source here: ${source.reason}`,
      CONNTRACK_HINT,
    );
  }
  const conntrack = source
    ? `conntrack is asked as well, and follows ${source.follows.join(' and ')} here`
    : flows;
  const running = FLOW_TABLES.some((table) => sharedMap(observed.owned, table) !== undefined);
  const by = hasTcxLinks() ? 'by TCX links' : 'by filters of clsact, since this kernel has no TCX links';
  if (!asks && !running)
    return ok(`no rule asks about connections; what leaves would be recorded ${by}; ${conntrack}`);
  return notRecorded(desired, observed, running) ?? tablesAnswer(bpffs, observed, `${by}; ${conntrack}`);
}

function tablesAnswer(bpffs: string, { owned }: ObservedState, how: string): Answer {
  const tables = connectionsStatus(pinPathsOf(bpffs), owned)?.tables ?? [];
  const missing = FLOW_TABLES.filter((table) => !tables.some(({ name }) => name === table));
  if (missing.length > 0) {
    return failure(
      `the table of ${missing.join(' and ')} connections is not there`,
      'Run `xdpkeep reconcile`: what leaves is recorded before a rule asks.',
    );
  }
  const full = pressureWarnings(tables);
  if (full.length > 0) {
    return warning(
      full.join('; '),
      '`xdpkeep connections` says of what; drop a flood before the rules with `connection`, and see docs/connections.md.',
    );
  }
  const known = tables.reduce((sum, one) => sum + one.known, 0);
  return ok(`${known} are known, what leaves is recorded ${how}`);
}

/** Interfaces with a policy of a host that asks, at whose way out nothing of ours is. */
function notRecorded(
  desired: DesiredState | undefined,
  { owned }: ObservedState,
  running: boolean,
): Answer | undefined {
  if (!running)
    return warning('rules ask about connections, and nothing is recorded yet', 'Run `xdpkeep reconcile`.');
  const named = listLinks().filter((one) => !desired || wantedFor(desired, one));
  const without = named.filter(({ name, ifindex }) => {
    const one = owned.find((candidate) => candidate.name === name);
    return one?.link && !one.egress?.some(({ link }) => link.ifindex === ifindex);
  });
  if (without.length === 0) return undefined;
  const names = without.map(({ name }) => name).join(', ');
  return failure(
    `what leaves ${names} is not recorded: answers to it are \`invalid\``,
    'Run `xdpkeep reconcile`: it attaches what records.',
  );
}

function conntrackWords(flows: number | undefined): string {
  if (flows === undefined) return 'conntrack is not loaded';
  if (flows === 0) return 'conntrack follows nothing here';
  return `conntrack follows ${flows} ${flows === 1 ? 'flow' : 'flows'} here`;
}
