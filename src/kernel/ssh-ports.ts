// Finds the ports on which sshd listens. Where every process can be read, the processes named sshd decide. Our units cannot read
// processes with more rights: there the cgroup of a listening socket names the unit that made it, and the unit's file tells whether it
// runs sshd. A port of which neither is known is reported as unknown, never as a port without sshd.
import { join } from 'node:path';
import { cgroupPaths, type Listener, listListeners } from './listeners.js';
import { entriesIfThere, textIfThere } from './if-there.js';
import { type SocketHolders, socketsOf } from './processes.js';
import { UnitFiles } from './unit-files.js';

const NAME = 'sshd';
const DEFAULT_PORT = 22;

export interface SshPorts {
  ports: Set<number>;
  /** Port of which the listener is not known -> the origin of its socket, as far as that is known (a cgroup or unit). */
  unknown: Map<number, string>;
}

/** The sources of the answer; tests pass their own. */
export interface Host {
  listeners: Listener[];
  /** Sockets of processes named sshd, and of all others. */
  processes: SocketHolders;
  cgroups: ReadonlyMap<bigint, string>;
  units: UnitFiles;
  /** Folder of sshd_config(5). */
  configuration: string;
}

export function findSshPorts(host = thisHost()): SshPorts {
  const ports = new Set<number>();
  const unknown = new Map<number, string>();
  for (const listener of host.listeners) {
    const found = isSshd(listener, host);
    // An unknown listener on port 22 counts as sshd.
    if (found === true || (found !== false && listener.port === DEFAULT_PORT)) ports.add(listener.port);
    else if (found !== false && !listener.loopback) unknown.set(listener.port, found);
  }
  for (const port of ports) unknown.delete(port);
  return { ports: ports.size > 0 ? ports : new Set([DEFAULT_PORT]), unknown };
}

function thisHost(): Host {
  const listeners = listListeners();
  const processes = socketsOf(NAME);
  const numbers = new Set(listeners.flatMap(({ cgroup }) => cgroup ?? []));
  const cgroups = cgroupPaths(numbers);
  return { listeners, processes, cgroups, units: new UnitFiles(), configuration: '/etc/ssh' };
}

/** Is the listener sshd? A string when that cannot be known: the origin of its socket. */
function isSshd(listener: Listener, host: Host): boolean | string {
  const { processes, cgroups, units } = host;
  if (processes.inodes.has(listener.inode)) return true;
  const path = listener.cgroup === undefined ? undefined : cgroups.get(listener.cgroup);
  const unit = path === undefined ? undefined : unitOf(path);
  if (unit === undefined || unit === 'init.scope') {
    const service = serviceBehind(listener.port, units);
    if (service !== undefined) return runsSshd(service, units);
  }
  if (processes.all || processes.others().has(listener.inode)) return false;
  if (configuredPorts(host.configuration).has(listener.port)) return true;
  if (!unit?.endsWith('.service')) return path ?? 'a cgroup that is not there';
  return units.values(unit, 'ExecStart') ? runsSshd(unit, units) : (path ?? unit);
}

/** The unit in a path like `/system.slice/ssh.service/x`; `undefined` for units of a user's own systemd, whose files are not read. */
function unitOf(path: string): string | undefined {
  const names = path.split('/').filter((name) => /\.(service|scope)$/.test(name));
  return names.some((name) => name.startsWith('user@')) ? undefined : names.at(-1);
}

/** `ExecStart=-/usr/sbin/sshd -D`. Prefixes of the path: systemd.service(5). */
function runsSshd(unit: string, units: UnitFiles): boolean {
  return (units.values(unit, 'ExecStart') ?? []).some((command) => {
    const program = /^[-@:+!|]*(\S+)/.exec(command)?.[1];
    return program?.split('/').at(-1) === NAME;
  });
}

/** The service that systemd starts for a connection to this port: systemd.socket(5). */
function serviceBehind(port: number, units: UnitFiles): string | undefined {
  const socket = units.named('socket').find((name) => listensOn(name, port, units));
  if (socket === undefined) return undefined;
  const name = socket.replace(/\.socket$/, '');
  if (/^(yes|true|on|1)$/i.test(units.values(socket, 'Accept')?.at(-1) ?? '')) return `${name}@.service`;
  return units.values(socket, 'Service')?.at(-1) ?? `${name}.service`;
}

/** `22`, `0.0.0.0:22`, `[::]:22` */
function listensOn(socket: string, port: number, units: UnitFiles): boolean {
  return (units.values(socket, 'ListenStream') ?? []).some((value) => {
    const written = /^(?:\S*:)?(\d+)$/.exec(value)?.[1];
    return Number(written) === port;
  });
}

/** `Port 2222`, `ListenAddress 192.0.2.1:2222` */
function configuredPorts(folder: string): Set<number> {
  const more = join(folder, 'sshd_config.d');
  const files = [join(folder, 'sshd_config'), ...entriesIfThere(more).map((name) => join(more, name))];
  const lines = files.flatMap((path) => (textIfThere(path) ?? '').split('\n'));
  const written = /^\s*(?:Port[\s=]+|ListenAddress[\s=]+\S+:)(\d+)\s*$/i;
  return new Set(lines.flatMap((line) => Number(written.exec(line)?.[1] ?? NaN)).filter((port) => port > 0));
}
