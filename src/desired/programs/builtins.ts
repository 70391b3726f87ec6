// The programs that ship compiled beside the bundle: dist/bpf/, made by scripts/build.mjs.
import { existsSync, readFileSync } from 'node:fs';
import type { ConnectionSource } from '../../model/connections.js';
import { EnvironmentError } from '../../model/errors.js';
import { asksConnections, needsMoreActions } from '../../model/desired.js';
import type { Policy } from '../../model/policy.js';
import type { BuiltinName } from '../host/host-schema.js';

/** Policies become a firewall, what leaves is recorded by `egress`, conntrack is tried by `conntrack-question`: no state file names them. */
type ShippedName = BuiltinName | FirewallName | 'egress' | 'conntrack-question';

/** What a policy does not use is not in its program. */
type FirewallName =
  | 'firewall'
  | 'firewall-connections'
  | 'firewall-conntrack'
  | 'firewall-actions'
  | 'firewall-connections-actions'
  | 'firewall-conntrack-actions';

interface Builtin {
  file: string;
  function: string;
}

const BUILTINS: Record<ShippedName, Builtin> = {
  'icmp-drop': { file: 'icmp_drop.bpf.o', function: 'icmp_drop' },
  firewall: { file: 'firewall.bpf.o', function: 'firewall' },
  'firewall-connections': { file: 'firewall_connections.bpf.o', function: 'firewall' },
  'firewall-conntrack': { file: 'firewall_conntrack.bpf.o', function: 'firewall' },
  'firewall-actions': { file: 'firewall_actions.bpf.o', function: 'firewall' },
  'firewall-connections-actions': { file: 'firewall_connections_actions.bpf.o', function: 'firewall' },
  'firewall-conntrack-actions': { file: 'firewall_conntrack_actions.bpf.o', function: 'firewall' },
  'conntrack-question': { file: 'conntrack_question.bpf.o', function: 'conntrack_question' },
  egress: { file: 'egress.bpf.o', function: 'egress' },
};

/** Beside the bundle; seen from this source file, where the build puts them. */
const FOLDERS = ['./bpf/', '../../../dist/bpf/'];

const known = new Map<ShippedName, Uint8Array>();

/** The program that this policy becomes. `from`: what is asked about connections; absent for the tables of the host alone. */
export function readFirewall(
  policy: Policy,
  from: ConnectionSource = 'tables',
): { bytes: Uint8Array; function: string } {
  return readBuiltin(firewallFor(policy, from));
}

function firewallFor(policy: Policy, from: ConnectionSource): FirewallName {
  const actions = needsMoreActions(policy);
  if (!asksConnections(policy)) return actions ? 'firewall-actions' : 'firewall';
  if (from === 'conntrack') return actions ? 'firewall-conntrack-actions' : 'firewall-conntrack';
  return actions ? 'firewall-connections-actions' : 'firewall-connections';
}

/** Read once: a process that stays goes on with the programs that it began with when xdpkeep is upgraded under it. */
export function readBuiltin(name: ShippedName): { bytes: Uint8Array; function: string } {
  const builtin = BUILTINS[name];
  const bytes = known.get(name) ?? readShipped(name, builtin);
  known.set(name, bytes);
  return { bytes, function: builtin.function };
}

function readShipped(name: ShippedName, builtin: Builtin): Uint8Array {
  const paths = FOLDERS.map((folder) => new URL(folder + builtin.file, import.meta.url));
  const path = paths.find((candidate) => existsSync(candidate));
  if (path) return readFileSync(path);
  throw new EnvironmentError(`the builtin program ${name} (${builtin.file}) is missing`, {
    hint: 'Install xdpkeep again, or run `npm run build` in a source tree.',
  });
}
