// Requests over netlink(7) in the network namespace of this process: one message, and a reply of one or several.
import { constants } from 'node:os';
import { Fd } from './fd.js';
import { callFailed, checked, lastErrno, libc } from './ffi.js';
import { aligned, type Answer, HEADER, readPart } from './netlink-answer.js';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const MSG_DONTWAIT = 0x40; // the kernel queues each part of a reply before recv() can ask for it

const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
/** How often a list is requested when it changes during the dump. */
const ATTEMPTS = 10;
const { EINTR } = constants.errno;
const NESTED = 0x3fff; // without NLA_F_NESTED and NLA_F_NET_BYTEORDER

/** A complete, consistent list: the payload of each message. Throws a KernelError when it changes in every attempt. */
export function list(protocol: number, type: number, body: Buffer): Buffer[] {
  for (let attempt = 1; ; attempt++) {
    const { messages, error, interrupted } = ask(protocol, type, NLM_F_DUMP, body);
    checked('read a list over netlink', error);
    if (!interrupted) return messages;
    if (attempt === ATTEMPTS) throw callFailed('read a list over netlink that keeps changing', EINTR);
  }
}

export function openNetlink(protocol: number): Fd {
  return new Fd(checked('open a netlink socket', libc().socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol)));
}

export function ask(protocol: number, type: number, flags: number, body: Buffer): Answer {
  using socket = openNetlink(protocol);
  return askOver(socket, type, flags, body);
}

/** Sends one request and reads the whole reply, however many parts it has. */
export function askOver(socket: Fd, type: number, flags: number, body: Buffer): Answer {
  const request = Buffer.alloc(HEADER + body.length);
  request.writeUInt32LE(request.length, 0);
  request.writeUInt16LE(type, 4);
  request.writeUInt16LE(flags | NLM_F_REQUEST, 6);
  body.copy(request, HEADER);
  checked('ask over netlink', result(libc().send(socket.number, request, request.length, 0)));
  const answer: Answer = { messages: [], error: 0, interrupted: false };
  for (;;) {
    const part = Buffer.alloc(1 << 16);
    const length = result(libc().recv(socket.number, part, part.length, MSG_DONTWAIT));
    checked('read from netlink', length);
    const isOver = readPart(part.subarray(0, length), answer);
    if (isOver || flags === 0) return answer;
  }
}

/** Turns a result of -1 into the negative errno, as libbpf returns it. */
function result(returned: number): number {
  return returned < 0 ? -lastErrno() : returned;
}

export function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + aligned(value.length));
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  value.copy(bytes, 4);
  return bytes;
}

/** Attribute type -> payload; of several with one type, the last. */
export function attributes(bytes: Buffer): Map<number, Buffer> {
  return new Map(eachAttribute(bytes));
}

/** Type and value, in their order. */
export function* eachAttribute(bytes: Buffer): Generator<[type: number, value: Buffer]> {
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = Math.max(bytes.readUInt16LE(at), 4);
    yield [bytes.readUInt16LE(at + 2) & NESTED, bytes.subarray(at + 4, at + length)];
    at += aligned(length);
  }
}

export function text(bytes: Buffer | undefined): string | undefined {
  return bytes?.toString().replace(/\0+$/, '');
}
