// Does this process have the capabilities that it needs? Checked before anything is changed. The capabilities decide, not the user
// id: root without them (in a container) is refused, another user with them is not.
import { readFileSync } from 'node:fs';
import { PermissionError } from '../model/errors.js';

/** Bit numbers: uapi/linux/capability.h. */
const NEEDED = [
  { name: 'CAP_BPF', bit: 39n, purpose: 'load programs and make maps' },
  { name: 'CAP_NET_ADMIN', bit: 12n, purpose: 'attach XDP programs to interfaces' },
  { name: 'CAP_SYS_ADMIN', bit: 21n, purpose: 'find programs, maps and links by id, and mount the bpffs' },
];

/** The needed capabilities that are not in the effective set, in the order above. `status`: content of `/proc/<pid>/status`. */
function lacking(status: string): typeof NEEDED {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return NEEDED.filter(({ bit }) => ((effective >> bit) & 1n) === 0n);
}

function ownStatus(): string {
  return readFileSync('/proc/self/status', 'utf8');
}

/** Names of the needed capabilities that this process lacks; empty when it has all. */
export function missingCapabilities(status = ownStatus()): string[] {
  return lacking(status).map(({ name }) => name);
}

/** Throws a PermissionError that names each missing capability and its purpose. */
export function requireCapabilities(status = ownStatus()): void {
  const missing = lacking(status);
  if (missing.length === 0) return;
  const needs = missing.map(({ name, purpose }) => `${name} (to ${purpose})`);
  throw new PermissionError(`this process lacks ${needs.join(', ')}`, {
    hint: 'Run xdpkeep as root, or give its unit these capabilities (AmbientCapabilities=).',
  });
}
