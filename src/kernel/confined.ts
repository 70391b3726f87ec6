// Runs commands that come from state files: a probe's command, a compiler on a source. The right to write a state file must not make
// anybody root, so these run as an unused user id, without capabilities and without a way to gain any. There is one mechanism
// for all hosts: dist/confine.js gives the rights up and executes the command. Where that fails, nothing is run.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EnvironmentError } from '../model/errors.js';
import { type Confinement, UNCONFINED } from './confinement.js';
import { runTool, type ToolLimits, type ToolResult } from './tool.js';

/**
 * User and group ids that nothing else uses (unassigned in "Users, Groups, UIDs and GIDs on systemd systems"). A purpose always has
 * the same one, so that a probe can read the files that it wrote before.
 */
const USERS = { probe: 1_879_048_192, compiler: 1_879_048_193 } as const;

/** Beside the bundle, or, seen from this source file, where the build puts it. */
const PLACES = ['./confine.js', '../../dist/confine.js'];

/**
 * Runs a command, an absolute path and its arguments. Returns whatever its exit code is. Throws an EnvironmentError when it could
 * not be confined or did not run to its end.
 */
export async function runConfined(
  purpose: keyof typeof USERS,
  command: string[],
  limits: ToolLimits,
  files: Omit<Confinement, 'user'> = {},
): Promise<ToolResult> {
  // Only root can change its user.
  const confinement: Confinement = { ...files, ...(process.geteuid?.() === 0 && { user: USERS[purpose] }) };
  const args = [confineProgram(), JSON.stringify(confinement), ...command];
  const result = await runTool(process.execPath, args, { ...limits, shown: command });
  if (result.exitCode !== UNCONFINED) return result;
  throw new EnvironmentError(`${command[0] ?? ''} cannot be run without rights: ${result.stderr.trim()}`, {
    hint: 'It needs Landlock in the kernel (Linux 5.13), and in a unit or container CAP_SETUID, CAP_SETGID, CAP_SETPCAP, CAP_SYS_ADMIN and CAP_KILL.',
  });
}

function confineProgram(): string {
  const paths = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const path = paths.find((candidate) => existsSync(candidate));
  if (path !== undefined) return path;
  throw new EnvironmentError('confine.js, which runs commands without rights, is missing', {
    hint: 'Install xdpkeep again, or run `npm run build` in a source tree.',
  });
}
