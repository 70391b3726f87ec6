// Specializes the object file for one policy. Settings become immediate operands, so that a branch on a setting becomes a jump or a
// no-op; unused code is linked so that the verifier deletes it (dead-code.ts); the tables become the content of their section, so that
// the map is exactly as large as they are. Marks: bpf/settings.h. Sources: elf(5); struct bpf_insn and opcodes of uapi/linux/bpf.h.
import { ProgramError } from '../model/errors.js';
import type { FirewallTables, Settings } from '../model/tables.js';
import { linkDeadCode, INSTRUCTION_BYTES, JUMP, setJump } from './dead-code.js';
import { readElf } from './elf.js';
import { TABLES_SECTION } from './pin-paths.js';

/** Bytes; alignment of the tables, which are appended to the file. */
const ALIGNMENT = 8;

const JUMP_IF_GREATER = 0x25;
const JUMP_IF_AT_LEAST = 0x35;
const MOVE_32 = 0xb4;

export const MARK_KEY = 0x786b;
export const MARK_NUMBER = 0x786e;
export const MARK_BOUND = 0x7862;
export const MARK_ANCHOR = 0x7861;

/** A copy of the object. Throws a RangeError for a mark without a setting, a ProgramError without a place for tables. */
export function specialize(object: Uint8Array, { settings, blob }: FirewallTables): Uint8Array {
  const end = Math.ceil(object.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(end + blob.length);
  bytes.set(object);
  bytes.set(blob, end);
  const view = new DataView(bytes.buffer);
  const { sections, functions } = readElf(object);
  for (const extent of functions) {
    const anchors: number[] = [];
    for (let at = extent.from; at < extent.to; at += INSTRUCTION_BYTES)
      if (specializeInstruction(view, at, settings)) anchors.push(at);
    linkDeadCode(view, extent, anchors);
  }
  let placed = false;
  for (const section of sections) {
    if (section.name !== TABLES_SECTION) continue;
    view.setBigUint64(section.header + 24, BigInt(end), true);
    view.setBigUint64(section.header + 32, BigInt(blob.length), true);
    placed = true;
  }
  if (!placed) throw new ProgramError(`the object has no section ${TABLES_SECTION}`);
  return bytes;
}

/** Replaces the operand of a marked instruction. True when it is an anchor for dead code. */
function specializeInstruction(view: DataView, at: number, { keys, numbers, bounds }: Settings): boolean {
  const code = view.getUint8(at);
  const mark = view.getUint16(at + 6, true);
  const which = view.getUint16(at + 4, true);
  if (code === JUMP_IF_AT_LEAST && mark === MARK_KEY) {
    const next = at + INSTRUCTION_BYTES;
    const off = next + view.getInt16(at + 2, true) * INSTRUCTION_BYTES;
    setJump(view, at, JUMP, known(keys[which], mark, which) === 1 ? next : off);
  } else if (code === MOVE_32 && mark === MARK_NUMBER) {
    view.setUint32(at + 4, known(numbers[which], mark, which), true);
  } else if (code === JUMP_IF_GREATER && mark === MARK_BOUND) {
    view.setUint32(at + 4, known(bounds[which], mark, which), true);
  } else if (code === JUMP_IF_GREATER && mark === MARK_ANCHOR) {
    view.setUint32(at + 4, 0, true);
    return true;
  }
  return false;
}

function known(value: number | undefined, mark: number, which: number): number {
  if (value === undefined) throw new RangeError(`no setting for mark ${mark.toString(16)} ${which}`);
  return value;
}
