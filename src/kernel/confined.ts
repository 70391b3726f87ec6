// Running what a state file brings or names: a command of a probe, a compiler on a source. Whoever may write a state file may not be
// root by it, so that it runs as a user who is nobody, without capabilities and with no way to get any. One mechanism
// for all hosts: dist/confine.js gives the rights up and becomes the command. Where that cannot be done, nothing is run.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EnvironmentError } from '../model/errors.js';
import { type Confinement, UNCONFINED } from './confinement.js';
import { runTool, type ToolLimits, type ToolResult } from './tool.js';

/**
 * User ids that nobody has, groups too: UIDs and GIDs in the documents of systemd leave them alone. Always the same for one
 * purpose, so that a probe finds again what it left.
 */
const USERS = { probe: 1_879_048_192, compiler: 1_879_048_193 } as const;

/** Beside the bundle; seen from this source file, where the build puts it. */
const PLACES = ['./confine.js', '../../dist/confine.js'];

/**
 * Runs an absolute path for this purpose. Throws an EnvironmentError unless it was confined and ran to its end, whatever its
 * exit code.
 */
export async function runConfined(
  purpose: keyof typeof USERS,
  command: string[],
  limits: ToolLimits,
  files: Omit<Confinement, 'user'> = {},
): Promise<ToolResult> {
  // Another user than root gives up what it can: it has no more.
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
