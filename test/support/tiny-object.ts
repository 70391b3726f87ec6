// The smallest object file that says of itself what the compiler's say: one XDP function and a licence, and no instruction.
// For what reads objects and never loads them: the kernel would take none of these. Format: elf(5).

const HEADER = 64;
const SECTION = 64;
const SYMBOL = 24;
const [ET_REL, EM_BPF, STT_FUNC] = [1, 247, 2];
const [PROGBITS, SYMTAB, STRTAB] = [1, 2, 3];
const EXECUTABLE = 4n;

/** Objects of two functions differ. */
export function tinyObject(name: string): Buffer {
  const names = ['', 'xdp', 'license', name].map((one) => `${one}\0`);
  const nameAt = (index: number) => names.slice(0, index).join('').length;
  const symbols = Buffer.alloc(2 * SYMBOL); // the first one is none
  symbols.writeUInt32LE(nameAt(3), SYMBOL);
  symbols.writeUInt8(STT_FUNC, SYMBOL + 4);
  symbols.writeUInt16LE(2, SYMBOL + 6);
  const sections = [
    { name: 0, type: 0, flags: 0n, bytes: Buffer.alloc(0), link: 0 },
    { name: 0, type: STRTAB, flags: 0n, bytes: Buffer.from(names.join('')), link: 0 },
    { name: nameAt(1), type: PROGBITS, flags: EXECUTABLE, bytes: Buffer.alloc(0), link: 0 },
    { name: nameAt(2), type: PROGBITS, flags: 0n, bytes: Buffer.from('GPL\0'), link: 0 },
    { name: 0, type: SYMTAB, flags: 0n, bytes: symbols, link: 1 },
  ];
  const header = Buffer.alloc(HEADER);
  Buffer.from('\x7fELF\x02\x01\x01').copy(header);
  header.writeUInt16LE(ET_REL, 16);
  header.writeUInt16LE(EM_BPF, 18);
  header.writeBigUInt64LE(BigInt(HEADER), 40);
  header.writeUInt16LE(SECTION, 58);
  header.writeUInt16LE(sections.length, 60);
  header.writeUInt16LE(1, 62);
  let end = HEADER + sections.length * SECTION;
  const heads = sections.map(({ name: at, type, flags, bytes, link }) => {
    const head = Buffer.alloc(SECTION);
    head.writeUInt32LE(at, 0);
    head.writeUInt32LE(type, 4);
    head.writeBigUInt64LE(flags, 8);
    head.writeBigUInt64LE(BigInt(end), 24);
    head.writeBigUInt64LE(BigInt(bytes.length), 32);
    head.writeUInt32LE(link, 40);
    end += bytes.length;
    return head;
  });
  return Buffer.concat([header, ...heads, ...sections.map(({ bytes }) => bytes)]);
}
