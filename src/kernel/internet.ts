// May this process open IP sockets? A unit can forbid it (RestrictAddressFamilies= in systemd.exec(5)).
import { Fd } from './fd.js';
import { lastErrno, libc } from './ffi.js';

const AF_INET = 2; // sys/socket.h
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const EAFNOSUPPORT = 97;

/** Opens and closes a UDP socket; sends nothing. */
export function mayUseInternet(): boolean {
  const number = libc().socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (number < 0) return lastErrno() !== EAFNOSUPPORT;
  new Fd(number)[Symbol.dispose]();
  return true;
}
