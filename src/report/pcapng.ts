// Packets as a pcapng file, which Wireshark and tshark read: one section, one block for each interface when it first has a
// packet, and one for each packet, with the rule and verdict as its comment. Source: draft-ietf-opsawg-pcapng.
import { type SeenPacket, XDP_ACTIONS } from '../model/sample.js';

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const UNKNOWN_LENGTH = 0xffffffff;
const LINKTYPE_ETHERNET = 1;
/** Option codes; `comment` is that of every block. */
const OPTION = {
  end: 0,
  comment: 1,
  userApplication: 4,
  interfaceName: 2,
  timeResolution: 9,
  verdict: 7,
} as const;
/** 10^-9 s */
const NANOSECONDS = 9;
/** Of a verdict: eBPF at XDP, followed by its 64-bit number. */
const XDP_VERDICT = 2;
const LONGEST_OPTION = 0xffff;

/** Makes the bytes of one file, piece by piece. */
export class PcapngWriter {
  readonly #interfaces = new Map<string, number>();

  /** What the file begins with. `snapLength`: most bytes of a frame that are kept. */
  constructor(private readonly snapLength: number) {}

  header(application: string): Buffer {
    const body = Buffer.alloc(16);
    body.writeUInt32LE(BYTE_ORDER_MAGIC, 0);
    body.writeUInt16LE(1, 4); // version 1.0
    body.writeUInt32LE(UNKNOWN_LENGTH, 8);
    body.writeUInt32LE(UNKNOWN_LENGTH, 12);
    return block(SECTION_HEADER, body, options([OPTION.userApplication, Buffer.from(application)]));
  }

  /** The blocks of one packet: that of its interface comes before its first. */
  packet(packet: SeenPacket): Buffer {
    const known = this.#interfaces.get(packet.interface);
    if (known !== undefined) return packetBlock(packet, known);
    const number = this.#interfaces.size;
    this.#interfaces.set(packet.interface, number);
    return Buffer.concat([interfaceBlock(packet.interface, this.snapLength), packetBlock(packet, number)]);
  }
}

function interfaceBlock(name: string, snapLength: number): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt16LE(LINKTYPE_ETHERNET, 0);
  body.writeUInt32LE(snapLength, 4);
  return block(
    INTERFACE_DESCRIPTION,
    body,
    options([OPTION.interfaceName, Buffer.from(name)], [OPTION.timeResolution, Buffer.from([NANOSECONDS])]),
  );
}

function packetBlock(packet: SeenPacket, interface_: number): Buffer {
  const { time, frame, length, verdict } = packet;
  const head = Buffer.alloc(20);
  head.writeUInt32LE(interface_, 0);
  head.writeUInt32LE(Number(BigInt.asUintN(32, time >> 32n)), 4);
  head.writeUInt32LE(Number(BigInt.asUintN(32, time)), 8);
  head.writeUInt32LE(frame.length, 12);
  head.writeUInt32LE(length, 16);
  const said = options([OPTION.comment, Buffer.from(comment(packet))], ...verdictOption(verdict));
  return block(ENHANCED_PACKET, Buffer.concat([head, padded(frame)]), said);
}

/** None for a rule that only counts: it is no verdict. */
function verdictOption(verdict: string): [number, Buffer][] {
  const action = (XDP_ACTIONS as readonly string[]).indexOf(verdict === 'reject' ? 'drop' : verdict);
  if (action === -1) return [];
  const number = Buffer.alloc(9);
  number.writeUInt8(XDP_VERDICT, 0);
  number.writeBigUInt64LE(BigInt(action), 1);
  return [[OPTION.verdict, number]];
}

/** `rule answers: pass, connection established`; of a rule alone, `rule` stands in front of its name. */
function comment({ rule, verdict, fate, connection }: SeenPacket): string {
  const passed = fate === undefined ? '' : ` (audit: ${fate})`;
  const state = connection === undefined ? '' : `, connection ${connection}`;
  return rule === undefined ? `verdict ${verdict}` : `rule ${rule}: ${verdict}${passed}${state}`;
}

/** Type and length in front, the length again behind. */
function block(type: number, body: Uint8Array, tail: Uint8Array): Buffer {
  const total = 12 + body.length + tail.length;
  const head = Buffer.alloc(8);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(total, 4);
  return Buffer.concat([head, body, tail, head.subarray(4)]);
}

function options(...all: [code: number, value: Uint8Array][]): Buffer {
  const parts = [...all, [OPTION.end, Buffer.alloc(0)] as const].flatMap(([code, value]) => {
    const head = Buffer.alloc(4);
    const kept = value.subarray(0, LONGEST_OPTION);
    head.writeUInt16LE(code, 0);
    head.writeUInt16LE(kept.length, 2);
    return [head, padded(kept)];
  });
  return Buffer.concat(parts);
}

/** To whole words of 32 bits. */
function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
