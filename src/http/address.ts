// Where the status page listens: `127.0.0.1:9470`, `[::1]:9470`, `localhost:9470` or `unix:/run/xdpkeep/http.sock`.
import { UsageError } from '../model/errors.js';

export type HttpAddress = { path: string } | { host: string; port: number };

const HINT = 'Write it like 127.0.0.1:9470, [::1]:9470 or unix:/run/xdpkeep.sock.';

/** Throws a UsageError for what is no address, and for one beyond this machine unless that is allowed. */
export function parseHttpAddress(text: string, allowRemote: boolean): HttpAddress {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    if (path.startsWith('/') && !path.includes('\0') && Buffer.byteLength(path) <= 107) return { path };
    throw new UsageError(`"${text}" names no socket: an absolute path of at most 107 bytes is needed`, {
      hint: HINT,
    });
  }
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^[\]:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535)
    throw new UsageError(`"${text}" is no address to listen on`, { hint: HINT });
  if (!isLoopback(host) && !allowRemote) {
    throw new UsageError(`${host} can be reached from other machines`, {
      hint: 'The page has no password: listen on 127.0.0.1 behind a proxy that has one, or say --http-allow-remote.',
    });
  }
  return { host, port };
}

/** Of this machine alone: 127.0.0.0/8, ::1 and the name that means them. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

export function describeAddress(address: HttpAddress): string {
  if ('path' in address) return `unix:${address.path}`;
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}/`;
}
