// Reads a BPF object file: its sections, its functions with their place in the file, its licence. The file is not trusted: every offset
// and size is checked before it is used. A file that is not a usable object is a ProgramError.
// Sources: elf(5); EM_BPF and the section conventions of libbpf.
import { ProgramError } from '../model/errors.js';

export interface ElfFunction {
  name: string;
  section: string;
}

/** Byte offsets in the file; `to` is exclusive. */
export interface Extent {
  from: number;
  to: number;
}

/** A section of type SHT_NOBITS has an empty extent. */
interface ElfSection extends Extent {
  name: string;
  executable: boolean;
  /** Byte offset of its section header in the file. */
  header: number;
}

export interface BpfElf {
  sections: ElfSection[];
  /** Functions in executable sections, in the order of the symbol table. */
  functions: (ElfFunction & Extent)[];
  /** `undefined` when there is no licence, or an empty one. */
  licence: string | undefined;
}

interface Section extends ElfSection {
  type: number;
  bytes: Uint8Array;
  /** Of a symbol table: the index of its string table (sh_link). */
  link: number;
}

const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const HEADER_BYTES = 64;
const SECTION_BYTES = 64;
const SYMBOL_BYTES = 24;
const ET_REL = 1;
const EM_BPF = 247;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHF_EXECINSTR = 4n;
const STT_FUNC = 2;
/** KSYM_NAME_LEN of the kernel: no program has a longer name. */
const LONGEST_NAME = 512;
const DECODER = new TextDecoder();

/** Throws a ProgramError. */
export function readElf(bytes: Uint8Array): BpfElf {
  const sections = readSections(bytes);
  const licence = sections.find((section) => section.name === 'license');
  return {
    sections: sections.map(({ name, executable, header, from, to }) => ({
      name,
      executable,
      header,
      from,
      to,
    })),
    functions: readFunctions(sections),
    licence: licence && readLicence(licence.bytes),
  };
}

function readSections(bytes: Uint8Array): Section[] {
  if (!MAGIC.every((byte, at) => bytes[at] === byte)) throw unusable('it is not an ELF file');
  const header = viewOf(slice(bytes, 0, HEADER_BYTES, 'the ELF header'));
  if (header.getUint8(4) !== 2) throw unusable('it is not a 64-bit ELF file');
  if (header.getUint8(5) !== 1) throw unusable('it is not little-endian');
  const machine = header.getUint16(18, true);
  if (machine !== EM_BPF) throw unusable(`it is made for machine ${machine}, not for BPF (${EM_BPF})`);
  if (header.getUint16(16, true) !== ET_REL) throw unusable('it is not a relocatable object: do not link it');
  if (header.getUint16(58, true) !== SECTION_BYTES) throw unusable('its section headers have an odd size');
  const count = header.getUint16(60, true);
  const start = header.getBigUint64(40, true);
  const table = slice(bytes, start, count * SECTION_BYTES, 'the section table');
  const heads = Array.from({ length: count }, (_, at) =>
    viewOf(table.subarray(at * SECTION_BYTES, (at + 1) * SECTION_BYTES)),
  );
  const names = heads[header.getUint16(62, true)];
  if (!names) throw unusable('it has no section names');
  const nameBytes = contentOf(bytes, names);
  return heads.map((head, at) => {
    const content = contentOf(bytes, head);
    const from = content.byteOffset - bytes.byteOffset;
    return {
      name: textAt(nameBytes, head.getUint32(0, true)),
      type: head.getUint32(4, true),
      executable: (head.getBigUint64(8, true) & SHF_EXECINSTR) !== 0n,
      header: Number(start) + at * SECTION_BYTES,
      from,
      to: from + content.length,
      bytes: content,
      link: head.getUint32(40, true),
    };
  });
}

function contentOf(bytes: Uint8Array, head: DataView): Uint8Array {
  if (head.getUint32(4, true) === SHT_NOBITS) return bytes.subarray(0, 0);
  return slice(bytes, head.getBigUint64(24, true), head.getBigUint64(32, true), 'a section');
}

function readFunctions(sections: Section[]): BpfElf['functions'] {
  const table = sections.find((section) => section.type === SHT_SYMTAB);
  if (!table) return [];
  const names = sections[table.link];
  if (!names) throw unusable('it has no symbol names');
  const functions: BpfElf['functions'] = [];
  for (let at = 0; at + SYMBOL_BYTES <= table.bytes.length; at += SYMBOL_BYTES) {
    const symbol = viewOf(table.bytes.subarray(at, at + SYMBOL_BYTES));
    const section = sections[symbol.getUint16(6, true)];
    if ((symbol.getUint8(4) & 0xf) !== STT_FUNC || !section?.executable) continue;
    const name = textAt(names.bytes, symbol.getUint32(0, true));
    const [value, size] = [symbol.getBigUint64(8, true), symbol.getBigUint64(16, true)];
    if (value + size > BigInt(section.bytes.length))
      throw unusable(`its function ${name} ends after its section`);
    const from = section.from + Number(value);
    functions.push({ name, section: section.name, from, to: from + Number(size) });
  }
  return functions;
}

/** The text up to a NUL, or all of it where there is none. */
function readLicence(bytes: Uint8Array): string | undefined {
  const [licence] = DECODER.decode(bytes.subarray(0, LONGEST_NAME)).split('\0');
  return licence === '' ? undefined : licence;
}

/** A NUL-terminated string of a string table. */
function textAt(table: Uint8Array, offset: number): string {
  const window = table.subarray(offset, offset + LONGEST_NAME);
  const end = window.indexOf(0);
  if (end === -1) throw unusable(offset < table.length ? 'one of its names has no end' : 'a name is missing');
  return DECODER.decode(window.subarray(0, end));
}

function slice(bytes: Uint8Array, offset: bigint | number, size: bigint | number, what: string): Uint8Array {
  if (BigInt(offset) + BigInt(size) > BigInt(bytes.length)) throw unusable(`it ends before ${what} does`);
  return bytes.subarray(Number(offset), Number(offset) + Number(size));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unusable(reason: string): ProgramError {
  return new ProgramError(reason, {
    hint: 'Build it with `clang -O2 -g -target bpf -c`, or name the .bpf.c source instead.',
  });
}
