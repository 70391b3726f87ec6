// Checks what every host needs: kernel, rights, tools, clock.
import { existsSync, readdirSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { bpftoolVersion, findBpftool } from '../kernel/bpftool.js';
import { missingCapabilities, requireCapabilities } from '../kernel/capabilities.js';
import { findCompiler } from '../kernel/clang.js';
import { hasXdpLinks } from '../kernel/features.js';
import { libbpfVersion } from '../kernel/ffi.js';
import type { Check } from '../model/doctor.js';
import { PermissionError } from '../model/errors.js';
import { type Answer, check, failure, ok, unknown, warning } from './check.js';
import { policyLoads } from './policy-loads.js';

/** `last`: when the newest record of the journal was written, where it can be read. */
export function checkMachine(stateDir: string, last: Date | undefined): Promise<Check[]> {
  return Promise.all([
    check('capabilities', capabilities),
    check('kernel', kernel),
    check('btf', btf),
    check('node', node),
    check('bpftool', async () => ok(`${findBpftool()}, version ${await bpftoolVersion()}`)),
    check('libbpf', () => ok(`version ${libbpfVersion()}`)),
    check('policies', policyLoads),
    check('clang', () => compiler(stateDir)),
    check('clock', () => clock(last)),
  ]);
}

function capabilities(): Answer {
  try {
    requireCapabilities();
    return ok('all that are needed');
  } catch (error) {
    if (!(error instanceof PermissionError)) throw error;
    return { ...failure(error.message, error.hint ?? ''), permission: true };
  }
}

function kernel(): Answer {
  if (missingCapabilities().length > 0)
    return unknown(`Linux ${release()}; whether it has XDP links takes rights to try`);
  if (hasXdpLinks()) return ok(`Linux ${release()}, with XDP links`);
  return failure(`Linux ${release()} has no XDP links`, 'Run Linux 5.9 or later.');
}

function btf(): Answer {
  if (existsSync('/sys/kernel/btf/vmlinux')) return ok('/sys/kernel/btf/vmlinux');
  return warning(
    'the kernel has no BTF',
    'Programs that ask for kernel types (CO-RE) do not load: use a kernel with CONFIG_DEBUG_INFO_BTF.',
  );
}

const OLDEST_NODE = [20, 19] as const;

function node(): Answer {
  const { node: version } = process.versions;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return ok(version);
  return failure(version, `Run Node ${OLDEST_NODE.join('.')} or later.`);
}

function compiler(stateDir: string): Answer {
  const found = findCompiler();
  if (found) return ok(found.clang);
  if (!hasSources(join(stateDir, 'programs')))
    return ok('not installed, and not needed: there is no *.bpf.c');
  return failure(
    'not installed, and programs/ has *.bpf.c',
    'Install it (apt-get install clang libbpf-dev), or compile elsewhere and commit *.bpf.o.',
  );
}

function hasSources(folder: string): boolean {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).some((name) => name.endsWith('.bpf.c'));
  } catch {
    return false; // what cannot be read is said by the check of the state files
  }
}

/** The year in which this was written: a clock before it was never set. */
const OLDEST_TIME = Date.UTC(2025, 0);
/** Milliseconds that a clock may go back without being wrong. */
const TOLERANCE = 60_000;

function clock(last: Date | undefined): Answer {
  const now = Date.now();
  const help = 'Set it (timedatectl set-ntp true): times in the journal and `until` of rules go by it.';
  if (now < OLDEST_TIME) return warning(`it says ${new Date(now).toISOString()}, which is long ago`, help);
  if (last !== undefined && now + TOLERANCE < last.getTime()) {
    return warning(
      `it says ${new Date(now).toISOString()}, before the journal's last record (${last.toISOString()})`,
      help,
    );
  }
  return ok(new Date(now).toISOString());
}
