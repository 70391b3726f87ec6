// Which hosts a state directory has. A directory that is not there, or says nothing, is an error: it may be a mount
// that is missing or a checkout that failed, and must never read as "nothing is wanted".
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from '../model/diagnostic.js';
import { HostNotFoundError, PermissionError } from '../model/errors.js';
import { suggest } from '../model/suggest.js';

export interface HostList {
  /** Names, sorted. */
  hosts: string[];
  /** Other names in `hosts/`, sorted; hidden files are nobody's mistake. */
  strays: string[];
}

const EXTENSION = '.yaml';

/** Throws a HostNotFoundError when there is no state directory or no host in it. */
export function listHosts(stateDir: string): HostList {
  const names = readFolder(stateDir).filter((name) => !name.startsWith('.'));
  const hosts = names
    .filter((name) => name.endsWith(EXTENSION))
    .map((name) => name.slice(0, -EXTENSION.length));
  if (hosts.length === 0) {
    const other = names.length > 0 ? `; there are ${names.join(', ')}` : '';
    throw new HostNotFoundError(`${join(stateDir, 'hosts')} has no *.yaml file${other}`, {
      hint: START_HINT,
    });
  }
  return { hosts, strays: names.filter((name) => !name.endsWith(EXTENSION)) };
}

const START_HINT = 'Name the state directory with --state, or write a first one with `xdpkeep init`.';

function readFolder(stateDir: string): string[] {
  const folder = join(stateDir, 'hosts');
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES') {
      throw new PermissionError(`cannot read ${folder} (EACCES)`, {
        hint: 'Let this user read it.',
        cause: error,
      });
    }
    throw new HostNotFoundError(`${stateDir} is no state directory: cannot read ${folder} (${code ?? ''})`, {
      hint: START_HINT,
      cause: error,
    });
  }
}

/** Throws a HostNotFoundError unless the state directory has a file for this host. */
export function requireHost(stateDir: string, host: string): void {
  const { hosts, strays } = listHosts(stateDir);
  if (hosts.includes(host)) return;
  const misnamed = strays.find((name) => name.replace(/\.[^.]*$/, '') === host);
  const meant = suggest(host, hosts) ?? hosts.find((name) => name === host.split('.')[0]);
  let hint = 'Name one of them with --host, or add a file for this one.';
  if (meant !== undefined) hint = `Did you mean --host ${meant}?`;
  if (misnamed !== undefined) hint = `Rename hosts/${misnamed} to hosts/${host}${EXTENSION}.`;
  throw new HostNotFoundError(`${stateDir} has no host ${JSON.stringify(host)}; it has ${hosts.join(', ')}`, {
    hint,
  });
}

export function describeStray(name: string): Diagnostic {
  const base = name.replace(/\.ya?ml.*$|\.[^.]*$/i, '');
  return {
    severity: 'warning',
    summary: 'file is not read',
    detail: `hosts/${name} does not end in ${EXTENSION}, so no host is made of it`,
    hint: `Rename it to hosts/${base}${EXTENSION}, or move it out of hosts/.`,
    at: { file: `hosts/${name}`, line: 1, column: 1 },
  };
}
