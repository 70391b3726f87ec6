// Where a repository is asked for over the network: an answer from there has to get through the firewall.
import type { Endpoint } from '../model/flow.js';

/** Usual ports of the protocols that git speaks to a remote. */
const PORTS: Record<string, number> = { 'ssh:': 22, 'https:': 443, 'http:': 80 };

/** `undefined` for a repository on this machine. A host that only the configuration of ssh knows is named as it is there. */
export function remoteOf(git: string): Endpoint | undefined {
  if (git.startsWith('/')) return undefined;
  const [, scp] = /^(?:[^@/]+@)?(\[[^\]]+\]|[^:/]+):(?!\/\/)/.exec(git) ?? [];
  if (scp !== undefined) return { host: bare(scp), port: 22 };
  const { protocol, hostname, port } = new URL(git);
  const usual = PORTS[protocol];
  return usual === undefined ? undefined : { host: bare(hostname), port: port === '' ? usual : Number(port) };
}

/** `[2001:db8::1]` -> `2001:db8::1` */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
