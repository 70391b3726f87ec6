// The object file for one policy. Settings are written into the instructions that ask for them, so that the kernel's
// verifier sees constants and deletes what is not used; the tables become the content of their section, so that their map
// is as large as they are. Refuses an object whose marks are not those of bpf/settings.h.
// Sources: elf(5); struct bpf_insn and opcodes of uapi/linux/bpf.h.
import { ProgramError } from '../model/errors.js';
import type { FirewallTables, Settings } from '../model/tables.js';

/** Where the program looks for its tables (bpf/tables.h); libbpf names the map after it. */
export const TABLES_SECTION = '.data.tables';

const SECTION_BYTES = 64;
/** Of what is put behind the file. */
const ALIGNMENT = 8;
const SHF_EXECINSTR = 4;
const INSTRUCTION_BYTES = 8;

const JUMP_IF_GREATER = 0x25;
const JUMP_IF_AT_LEAST = 0x35;
const JUMP_IF_LESS = 0xa5;
const MOVE_32 = 0xb4;

const MARK_KEY = 0x786b;
const MARK_NUMBER = 0x786e;
const MARK_BOUND = 0x7862;

/** A copy of the object. Throws a RangeError for a mark without a setting, a ProgramError without a place for tables. */
export function specialize(object: Uint8Array, { settings, blob }: FirewallTables): Uint8Array {
  const end = Math.ceil(object.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(end + blob.length);
  bytes.set(object);
  bytes.set(blob, end);
  const view = new DataView(bytes.buffer);
  let placed = false;
  for (const section of sectionsOf(view)) {
    if (section.executable) {
      for (let at = section.from; at < section.to; at += INSTRUCTION_BYTES)
        specializeInstruction(view, at, settings);
    }
    if (section.name !== TABLES_SECTION) continue;
    view.setBigUint64(section.header + 24, BigInt(end), true);
    view.setBigUint64(section.header + 32, BigInt(blob.length), true);
    placed = true;
  }
  if (!placed) throw new ProgramError(`the object has no section ${TABLES_SECTION}`);
  return bytes;
}

function specializeInstruction(view: DataView, at: number, { keys, numbers, bounds }: Settings): void {
  const code = view.getUint8(at);
  const mark = view.getUint16(at + 6, true);
  const which = view.getUint16(at + 4, true);
  if (code === JUMP_IF_AT_LEAST && mark === MARK_KEY) {
    // Nothing is less than 0, everything is at least 0.
    if (known(keys[which], mark, which) === 1) view.setUint8(at, JUMP_IF_LESS);
    view.setUint32(at + 4, 0, true);
  } else if (code === MOVE_32 && mark === MARK_NUMBER) {
    view.setUint32(at + 4, known(numbers[which], mark, which), true);
  } else if (code === JUMP_IF_GREATER && mark === MARK_BOUND) {
    view.setUint32(at + 4, known(bounds[which], mark, which), true);
  }
}

function known(value: number | undefined, mark: number, which: number): number {
  if (value === undefined) throw new RangeError(`no setting for mark ${mark.toString(16)} ${which}`);
  return value;
}

interface Section {
  name: string;
  executable: boolean;
  /** Of its header and its content, bytes in the file. */
  header: number;
  from: number;
  to: number;
}

function* sectionsOf(view: DataView): Generator<Section> {
  const table = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  const headerOf = (index: number): number => table + index * SECTION_BYTES;
  const names = Number(view.getBigUint64(headerOf(view.getUint16(62, true)) + 24, true));
  for (let index = 0; index < count; index++) {
    const header = headerOf(index);
    const from = Number(view.getBigUint64(header + 24, true));
    yield {
      name: textAt(view, names + view.getUint32(header, true)),
      executable: (view.getUint32(header + 8, true) & SHF_EXECINSTR) !== 0,
      header,
      from,
      to: from + Number(view.getBigUint64(header + 32, true)),
    };
  }
}

function textAt(view: DataView, at: number): string {
  let text = '';
  for (let byte = view.getUint8(at); byte !== 0; byte = view.getUint8(++at))
    text += String.fromCharCode(byte);
  return text;
}
