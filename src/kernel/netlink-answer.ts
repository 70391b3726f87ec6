// What the kernel answers over netlink(7): messages, one behind the other, and how it ends. An error is told from an empty
// list here, and a list that changed while it was given from a whole one; callers decide what that means to them.
// Sources: uapi/linux/netlink.h, include/net/netlink.h.
import { KernelError } from '../model/errors.js';

export interface Answer {
  /** What stands behind the header of each message. */
  messages: Buffer[];
  /** 0, or the negative errno with which it ended. */
  error: number;
  /** The list changed meanwhile: something may be missing. */
  interrupted: boolean;
}

export const HEADER = 16; // struct nlmsghdr
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_DUMP_INTR = 0x10;
const EBADMSG = 74;

/** Adds what came in one go; true when it was the end. Throws a KernelError when it is no netlink. */
export function readPart(part: Buffer, answer: Answer): boolean {
  for (let at = 0; at + HEADER <= part.length;) {
    const size = part.readUInt32LE(at);
    if (size < HEADER || at + size > part.length)
      throw new KernelError('read from netlink', EBADMSG, 'EBADMSG', `a message of ${size} bytes`);
    const kind = part.readUInt16LE(at + 4);
    const message = part.subarray(at + HEADER, at + size);
    if (part.readUInt16LE(at + 6) & NLM_F_DUMP_INTR) answer.interrupted = true;
    if (kind === NLMSG_DONE || kind === NLMSG_ERROR) {
      // Both begin with it; the end of a list may leave it out.
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
