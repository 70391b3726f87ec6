// The file, read back by a reader of its own; that the real tshark reads it too, test/scenario/events.test.ts shows.
// needs: tshark
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PcapngWriter } from '../../src/report/pcapng.js';
import { type SeenPacket, XDP_ACTIONS } from '../../src/model/sample.js';

interface Block {
  type: number;
  body: Buffer;
}

/** Checks what the format asks of every block: whole words, and its length at both ends. */
function blocks(file: Buffer): Block[] {
  const found: Block[] = [];
  for (let at = 0; at < file.length;) {
    const total = file.readUInt32LE(at + 4);
    expect(total % 4).toBe(0);
    expect(file.readUInt32LE(at + total - 4)).toBe(total);
    found.push({ type: file.readUInt32LE(at), body: file.subarray(at + 8, at + total - 4) });
    at += total;
  }
  return found;
}

function options(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length;) {
    const [code, length] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
    if (code === 0) expect(at + 4).toBe(bytes.length);
    else found.set(code, bytes.subarray(at + 4, at + 4 + length));
    at += 4 + ((length + 3) & ~3);
  }
  return found;
}

const packets = fc.array(
  fc.record({
    time: fc.bigInt({ min: 0n, max: 2n ** 63n }),
    interface: fc.constantFrom('eth0', 'wan', 'a"<>é'),
    rule: fc.string(),
    verdict: fc.constantFrom(...XDP_ACTIONS),
    length: fc.nat(0xffffffff),
    frame: fc.uint8Array({ maxLength: 200 }),
  }),
);

it('keeps every packet with its interface, time, length, rule and verdict, whatever they are', () => {
  fc.assert(
    fc.property(packets, (all: SeenPacket[]) => {
      const writer = new PcapngWriter(128);
      const [section, ...rest] = blocks(
        Buffer.concat([writer.header('xdpkeep'), ...all.map((one) => writer.packet(one))]),
      );
      expect(section?.type).toBe(0x0a0d0d0a);
      const names = rest
        .filter(({ type }) => type === 1)
        .map(({ body }) => options(body.subarray(8)).get(2)?.toString());
      expect(names).toEqual([...new Set(all.map((one) => one.interface))]);
      const read = rest.filter(({ type }) => type === 6).map(({ body }) => readPacket(body, names));
      expect(read).toEqual(
        all.map((one) => ({ ...one, rule: `rule ${one.rule}: ${one.verdict}`, frame: [...one.frame] })),
      );
    }),
  );
});

function readPacket(body: Buffer, names: (string | undefined)[]): object {
  const kept = body.readUInt32LE(12);
  const said = options(body.subarray(20 + ((kept + 3) & ~3)));
  const verdict = said.get(7);
  expect(verdict?.readUInt8(0)).toBe(2);
  return {
    interface: names[body.readUInt32LE(0)],
    time: (BigInt(body.readUInt32LE(4)) << 32n) | BigInt(body.readUInt32LE(8)),
    length: body.readUInt32LE(16),
    frame: [...body.subarray(20, 20 + kept)],
    rule: said.get(1)?.toString(),
    verdict: XDP_ACTIONS[Number(verdict?.readBigUInt64LE(1))],
  };
}
