// The programs that ship compiled beside the bundle: dist/bpf/, made by scripts/build.mjs.
import { existsSync, readFileSync } from 'node:fs';
import { EnvironmentError } from '../../model/errors.js';
import type { BuiltinName } from '../host/host-schema.js';

/** `firewall` is what policies become: no state file names it. */
type ShippedName = BuiltinName | 'firewall';

interface Builtin {
  file: string;
  function: string;
}

const BUILTINS: Record<ShippedName, Builtin> = {
  'icmp-drop': { file: 'icmp_drop.bpf.o', function: 'icmp_drop' },
  firewall: { file: 'firewall.bpf.o', function: 'firewall' },
};

/** Beside the bundle; seen from this source file, where the build puts them. */
const FOLDERS = ['./bpf/', '../../../dist/bpf/'];

const known = new Map<ShippedName, Uint8Array>();

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
