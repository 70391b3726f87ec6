// Opens BPF objects by pin or id, identifies and pins them. The kernel's info decides what an object is, never its path.
// Source of the layouts: struct bpf_prog_info, bpf_map_info and bpf_link_info in uapi/linux/bpf.h.
import { readlinkSync } from 'node:fs';
import { EnvironmentError } from '../model/errors.js';
import type { MapShape } from '../model/instance.js';
import { Fd } from './fd.js';
import { callFailed, checked, libbpf } from './ffi.js';

/** Opens the object that is pinned at `path`; `undefined` when there is no such pin. */
export function openPin(path: string): Fd | undefined {
  const fd = libbpf().objGet(path);
  if (fd === -2) return undefined; // ENOENT
  return new Fd(checked(`open pin ${path}`, fd));
}

/** Pins an object; the folder must exist and the path must be free. */
export function pin(fd: number, path: string): void {
  checked(`pin ${path}`, libbpf().objPin(fd, path));
}

/** `undefined` when there is no such program any more. */
export function openProgram(id: number): Fd | undefined {
  return byId('program', id, libbpf().programFdById(id));
}

const EAGAIN = 11;

/** `undefined` when there is no such link any more, or not yet: a link gets its id before it can be opened. */
export function openLink(id: number): Fd | undefined {
  const fd = libbpf().linkFdById(id);
  return fd === -EAGAIN ? undefined : byId('link', id, fd);
}

/** `undefined` when there is no such map any more. */
export function openMap(id: number): Fd | undefined {
  return byId('map', id, libbpf().mapFdById(id));
}

function byId(kind: string, id: number, fd: number): Fd | undefined {
  if (fd === -2) return undefined; // ENOENT
  return new Fd(checked(`open ${kind} ${id}`, fd));
}

export type ObjectKind = 'program' | 'map' | 'link';

/** Names of the kernel's anonymous inodes; a link that was never pinned is a `bpf_link`. */
const KINDS: Record<string, ObjectKind> = {
  'anon_inode:bpf-prog': 'program',
  'anon_inode:bpf-map': 'map',
  'anon_inode:bpf-link': 'link',
  'anon_inode:bpf_link': 'link',
};

/** The kind of an open object, which its info struct does not tell. Throws an EnvironmentError for any other file. */
export function kindOf(fd: Open): ObjectKind {
  const target = readlinkSync(`/proc/self/fd/${fd.number}`);
  const kind = KINDS[target];
  if (kind === undefined) throw new EnvironmentError(`not a program, map or link: ${target}`);
  return kind;
}

/** Large enough for every info struct of Linux 6.18; an older kernel leaves the rest zero. */
const INFO_BYTES = 256;

/** An open descriptor that the callee does not close. */
export type Open = Pick<Fd, 'number'>;

function info(fd: Open): Buffer {
  const bytes = Buffer.alloc(INFO_BYTES);
  const size = [INFO_BYTES];
  const result = libbpf().objInfo(fd.number, bytes, size);
  if (result < 0) throw callFailed('BPF_OBJ_GET_INFO_BY_FD', -result);
  return bytes;
}

/** struct bpf_prog_info { u32 type; u32 id; ... } */
export function programId(fd: Open): number {
  return info(fd).readUInt32LE(4);
}

/** The kernel's hash of the loaded instructions, without the maps that they refer to, as hex: u8 tag[8] after the id. */
export function programTag(fd: Open): string {
  return info(fd).toString('hex', 8, 16);
}

/** When a program was loaded: ms since boot, time in suspend included (bpf_prog_info.load_time: ns, CLOCK_BOOTTIME). */
export function programLoadTime(fd: Open): number {
  return Number(info(fd).readBigUInt64LE(LOAD_TIME) / 1_000_000n);
}

/** Byte offset, after type, id, tag[8], two lengths and two pointers. */
const LOAD_TIME = 40;

/** struct bpf_map_info { u32 type; u32 id; u32 key_size; u32 value_size; u32 max_entries; u32 map_flags; ... } */
export function mapInfo(fd: Open): MapShape & { id: number } {
  const bytes = info(fd);
  return {
    type: bytes.readUInt32LE(0),
    id: bytes.readUInt32LE(4),
    keySize: bytes.readUInt32LE(8),
    valueSize: bytes.readUInt32LE(12),
    maxEntries: bytes.readUInt32LE(16),
    flags: bytes.readUInt32LE(20),
  };
}

export interface LinkInfo {
  id: number;
  programId: number;
  /** 0 when the interface is gone. */
  ifindex: number;
}

/** struct bpf_link_info { u32 type; u32 id; u32 prog_id; (pad) union { struct { u32 ifindex; } xdp; } } */
export function linkInfo(fd: Open): LinkInfo {
  const bytes = info(fd);
  return { id: bytes.readUInt32LE(4), programId: bytes.readUInt32LE(8), ifindex: bytes.readUInt32LE(16) };
}
