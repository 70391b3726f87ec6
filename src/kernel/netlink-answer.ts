// Parses replies of netlink(7): a sequence of messages and its end. An error is distinct from an empty list, and a list that changed
// while it was dumped from a complete one; callers decide what to do with either.
// Sources: uapi/linux/netlink.h, include/net/netlink.h.
import { KernelError } from '../model/errors.js';

export interface Answer {
  /** The payload of each message. */
  messages: Buffer[];
  /** 0, or a negative errno. */
  error: number;
  /** The list changed during the dump: entries may be missing (NLM_F_DUMP_INTR). */
  interrupted: boolean;
}

export const HEADER = 16; // struct nlmsghdr
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_DUMP_INTR = 0x10;
const EBADMSG = 74;

/** Adds one received part to `answer`; true when it was the last. Throws a KernelError when it is not well-formed. */
export function readPart(part: Buffer, answer: Answer): boolean {
  for (let at = 0; at + HEADER <= part.length;) {
    const size = part.readUInt32LE(at);
    if (size < HEADER || at + size > part.length)
      throw new KernelError('read from netlink', EBADMSG, 'EBADMSG', `a message of ${size} bytes`);
    const kind = part.readUInt16LE(at + 4);
    const message = part.subarray(at + HEADER, at + size);
    if (part.readUInt16LE(at + 6) & NLM_F_DUMP_INTR) answer.interrupted = true;
    if (kind === NLMSG_DONE || kind === NLMSG_ERROR) {
      // Both begin with the errno; NLMSG_DONE may omit it.
      if (message.length >= 4) answer.error = Math.min(0, message.readInt32LE());
      return true;
    }
    answer.messages.push(message);
    at += aligned(size);
  }
  return false;
}

/** NLMSG_ALIGN, NLA_ALIGN */
export function aligned(length: number): number {
  return (length + 3) & ~3;
}
