// Lists the hosts of a state directory. A missing or empty directory is an error, never an empty desired state: it may be a missing mount
// or a failed checkout.
import { join } from 'node:path';
import { HostNotFoundError, PermissionError } from '../../model/errors.js';
import { suggest } from '../../text/suggest.js';
import { listFolder, type NameList, stateFilePath } from '../folders.js';

/** Throws a HostNotFoundError when there is no state directory or no host in it. */
export function listHosts(stateDir: string): NameList {
  const list = readHosts(stateDir);
  if (list.names.length > 0) return list;
  const other = list.strays.length > 0 ? `; there are ${list.strays.join(', ')}` : '';
  const misnamed = list.strays.find((name) => /\.ya?ml$/i.test(name));
  const hint = misnamed === undefined ? START_HINT : renameHint(misnamed);
  throw new HostNotFoundError(`${join(stateDir, 'hosts')} has no *.yaml file${other}`, { hint });
}

const START_HINT = 'Name the state directory with --state, or write a first one with `xdpkeep init`.';

function readHosts(stateDir: string): NameList {
  try {
    return listFolder(stateDir, 'hosts');
  } catch (error) {
    if (error instanceof PermissionError) throw error;
    const { code = '' } = error as NodeJS.ErrnoException;
    const folder = join(stateDir, 'hosts');
    throw new HostNotFoundError(`${stateDir} is no state directory: cannot read ${folder} (${code})`, {
      hint: START_HINT,
      cause: error,
    });
  }
}

/** Throws a HostNotFoundError unless the state directory has a file for this host. */
export function requireHost(stateDir: string, host: string): void {
  const { names: hosts, strays } = listHosts(stateDir);
  if (hosts.includes(host)) return;
  const misnamed = strays.find((name) => withoutExtension(name) === host);
  const meant = suggest(host, hosts) ?? hosts.find((name) => name === host.split('.')[0]);
  let hint = 'Name one of them with --host, or add a file for this one.';
  if (meant !== undefined) hint = `Did you mean --host ${meant}?`;
  if (misnamed !== undefined) hint = renameHint(misnamed);
  throw new HostNotFoundError(`${stateDir} has no host ${JSON.stringify(host)}; it has ${hosts.join(', ')}`, {
    hint,
  });
}

function renameHint(misnamed: string): string {
  return `Rename hosts/${misnamed} to ${stateFilePath('hosts', withoutExtension(misnamed))}.`;
}

function withoutExtension(file: string): string {
  return file.replace(/\.[^.]*$/, '');
}
