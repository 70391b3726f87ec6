// Notifies the service manager: datagrams of `KEY=VALUE` lines to the socket in NOTIFY_SOCKET (sd_notify(3)). Node has no Unix datagram
// sockets, so libc is called; libsystemd would be a dependency for one function.
import { Fd } from './fd.js';
import { libc } from './ffi.js';

const AF_UNIX = 1; // sys/socket.h
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** sizeof(sun_path), sys/un.h. */
const LONGEST_PATH = 108;

/**
 * Sends one message. False when it was not delivered: there is no NOTIFY_SOCKET, or the receiver's queue is full. Never waits: a
 * service manager that hangs must not stop the daemon.
 */
export function tellServiceManager(lines: readonly string[], socket = process.env['NOTIFY_SOCKET']): boolean {
  const address = socket === undefined ? undefined : encodeAddress(socket);
  if (!address) return false;
  const number = libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (number < 0) return false;
  using fd = new Fd(number);
  const message = Buffer.from(lines.join('\n'));
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  const sent = libc().sendto(fd.number, message, message.length, flags, address, address.length);
  return sent === message.length;
}

/** struct sockaddr_un; `@` stands for the zero byte of an abstract name. `undefined` for other address families. */
function encodeAddress(socket: string): Buffer | undefined {
  const path = Buffer.from(socket);
  if (!/^[/@]./.test(socket) || path.length >= LONGEST_PATH) return undefined;
  if (socket.startsWith('@')) path[0] = 0;
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, path]);
}

/** Milliseconds within which the service manager expects WATCHDOG=1; `undefined` when it expects none. */
export function watchdogInterval(environment: NodeJS.ProcessEnv = process.env): number | undefined {
  const { WATCHDOG_USEC, WATCHDOG_PID } = environment;
  if (WATCHDOG_PID !== undefined && Number(WATCHDOG_PID) !== process.pid) return undefined;
  const interval = Number(WATCHDOG_USEC) / 1000;
  return interval >= 1 ? interval : undefined;
}
