// Removes code that a policy cannot reach once its settings are constants. The kernel checks reachability first and refuses
// unreachable instructions; only later does its verifier delete dead branches. So each region of dead code is replaced by jumps, and
// linked to a branch that is never taken (the anchor): the first check finds it reachable, and the verifier deletes it. Sources:
// uapi/linux/bpf.h (struct bpf_insn, opcodes); check_cfg() and opt_remove_dead_code() of kernel/bpf/verifier.c.
import { ProgramError } from '../model/errors.js';
import type { Extent } from './elf.js';

export const INSTRUCTION_BYTES = 8;
/** A jump by 0 is a no-op; the verifier deletes it. */
export const JUMP = 0x05;

const CALL = 0x85;
const EXIT = 0x95;
const LOAD_IMMEDIATE_64 = 0x18; // two instructions
const CLASS = 7;
const CLASS_JUMP = 5;
const CLASS_JUMP_32 = 6;
const JUMP_IF_EQUAL = 0x15;

/** Adjacent dead instructions. */
interface Region {
  /** Byte offset of the first one. */
  from: number;
  /** Byte offsets of those that may be overwritten with a jump. */
  free: number[];
}

/** Writes a jump; `at` and `to` are byte offsets. The encoded offset counts instructions from the next one on. */
export function setJump(view: DataView, at: number, code: number, to: number): void {
  view.setUint32(at, code, true); // registers: r0, which does not matter where the code never runs
  view.setInt16(at + 2, (to - at) / INSTRUCTION_BYTES - 1, true);
  view.setUint32(at + 4, 0, true);
}

/**
 * Links the dead code of a function to one of `anchors` (byte offsets of comparisons with 0 that are never true). Throws a
 * ProgramError when there is dead code and no anchor that can be reached.
 */
export function linkDeadCode(view: DataView, { from, to }: Extent, anchors: readonly number[]): void {
  const live = reachable(view, from);
  const regions = deadRegions(view, { from, to }, live);
  const slots = anchors.filter((at) => live.has(at)).slice(0, 1);
  const anchor = slots[0];
  for (const region of regions.sort((x, y) => y.free.length - x.free.length)) {
    const slot = slots.shift();
    if (slot === undefined)
      throw new ProgramError('a function of the object has code that cannot be reached');
    if (slot === anchor) view.setInt16(slot + 2, (region.from - slot) / INSTRUCTION_BYTES - 1, true);
    else setJump(view, slot, JUMP_IF_EQUAL, region.from);
    slots.push(...region.free);
  }
}

function reachable(view: DataView, entry: number): Set<number> {
  const seen = new Set<number>();
  const open = [entry];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    open.push(...successors(view, at));
  }
  return seen;
}

function successors(view: DataView, at: number): number[] {
  const code = view.getUint8(at);
  const next = at + INSTRUCTION_BYTES;
  if (code === EXIT) return [];
  if (code === LOAD_IMMEDIATE_64) return [next + INSTRUCTION_BYTES];
  if (code === CALL || ((code & CLASS) !== CLASS_JUMP && (code & CLASS) !== CLASS_JUMP_32)) return [next];
  const target = next + view.getInt16(at + 2, true) * INSTRUCTION_BYTES;
  return code === JUMP ? [target] : [target, next];
}

/**
 * Finds the regions of dead code and overwrites them with jumps to the next instruction. Calls and 64-bit loads stay, since libbpf
 * relocates them, and so does the last instruction of the function.
 */
function deadRegions(view: DataView, { from, to }: Extent, live: ReadonlySet<number>): Region[] {
  const regions: Region[] = [];
  let region: Region | undefined;
  for (let at = from; at < to; at += INSTRUCTION_BYTES) {
    const code = view.getUint8(at);
    if (live.has(at)) region = undefined;
    else if (!region) regions.push((region = { from: at, free: [] }));
    if (code === LOAD_IMMEDIATE_64) at += INSTRUCTION_BYTES;
    else if (region && code !== CALL && at + INSTRUCTION_BYTES < to) {
      setJump(view, at, JUMP, at + INSTRUCTION_BYTES);
      region.free.push(at);
    }
  }
  return regions;
}
