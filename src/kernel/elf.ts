// What specializing has to know of an object file: its sections, and where in them functions lie.
// Source: elf(5); the object is of 64 bits and little-endian, as clang makes it for BPF.
const SECTION_BYTES = 64;
const SYMBOL_BYTES = 24;
const SHT_SYMTAB = 2;
const SHF_EXECINSTR = 4;
const STT_FUNC = 2;

export interface Section {
  name: string;
  executable: boolean;
  symbols: boolean;
  index: number;
  /** Of its header and its content, bytes in the file. */
  header: number;
  from: number;
  to: number;
}

/** Bytes in the file. */
export interface Extent {
  from: number;
  to: number;
}

export function sectionsOf(view: DataView): Section[] {
  const table = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  const headerOf = (index: number): number => table + index * SECTION_BYTES;
  const names = Number(view.getBigUint64(headerOf(view.getUint16(62, true)) + 24, true));
  return Array.from({ length: count }, (_, index) => {
    const header = headerOf(index);
    const from = Number(view.getBigUint64(header + 24, true));
    return {
      name: textAt(view, names + view.getUint32(header, true)),
      executable: (view.getUint32(header + 8, true) & SHF_EXECINSTR) !== 0,
      symbols: view.getUint32(header + 4, true) === SHT_SYMTAB,
      index,
      header,
      from,
      to: from + Number(view.getBigUint64(header + 32, true)),
    };
  });
}

/** The functions of all sections that can be run. */
export function functionsOf(view: DataView, sections: Section[]): Extent[] {
  const functions: Extent[] = [];
  for (const { from, to } of sections.filter(({ symbols }) => symbols)) {
    for (let at = from; at < to; at += SYMBOL_BYTES) {
      const section = sections[view.getUint16(at + 6, true)];
      if ((view.getUint8(at + 4) & 15) !== STT_FUNC || !section?.executable) continue;
      const start = section.from + Number(view.getBigUint64(at + 8, true));
      functions.push({ from: start, to: start + Number(view.getBigUint64(at + 16, true)) });
    }
  }
  return functions;
}

function textAt(view: DataView, at: number): string {
  let text = '';
  for (let byte = view.getUint8(at); byte !== 0; byte = view.getUint8(++at))
    text += String.fromCharCode(byte);
  return text;
}
