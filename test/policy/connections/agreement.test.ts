// The tables of the kernel and the reference agree: random packets leave through the egress program and come in at a firewall that
// shares its tables, and every state is the same. Time stands still: what is forgotten when is asked elsewhere.
// needs: lab
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createConnectionTable, loadEgress } from '../../../src/kernel/egress.js';
import { libbpf } from '../../../src/kernel/ffi.js';
import { loadPolicy } from '../../../src/kernel/load-policy.js';
import { testRun } from '../../../src/kernel/testrun.js';
import { askPolicy } from '../../../src/kernel/ask-policy.js';
import {
  CONNECTION_STATES,
  type ConnectionState,
  type PacketDescription,
} from '../../../src/model/policy.js';
import { compilePolicy } from '../../../src/policy/compile/compile.js';
import { Connections } from '../../../src/policy/connections/connections.js';
import { buildPacket } from '../../../src/policy/packet/build-packet.js';
import { parseFrame } from '../../../src/policy/packet/parse.js';
import { bindForTest, firewallObject } from '../datapath.js';
import { policy, rule } from '../policy.js';
import { broken, Random, randomPacket } from '../random.js';

const SEED = Number(process.env['XDPKEEP_SEED'] ?? 20261130);
const ENTRIES = 65_536;

/** A rule for each state, so that the row names it. */
const BY_STATE = policy(
  CONNECTION_STATES.map((state) => rule(state, { connection: [state] }, 'pass')),
  { default: 'drop', neighborDiscovery: 'match', fragments: 'match', nonIp: 'drop' },
);

class Host implements Disposable {
  readonly #open: Disposable[] = [];
  readonly #firewall;
  readonly #egress;
  readonly #rows;

  constructor() {
    const tables = {
      opened: this.#keep(createConnectionTable('opened', ENTRIES)),
      served: this.#keep(createConnectionTable('served', ENTRIES)),
    };
    const compiled = compilePolicy(BY_STATE);
    this.#rows = compiled.owners.map(({ row }) => row);
    this.#firewall = this.#keep(
      loadPolicy(firewallObject(BY_STATE), bindForTest(compiled), { ofHost: { connections: tables } }),
    );
    this.#egress = this.#keep(loadEgress(readFileSync('dist/bpf/egress.bpf.o'), 'egress', tables));
  }

  leave(frame: Uint8Array): void {
    const opts = { sz: 80, data_in: frame, data_size_in: frame.length, repeat: 1, retval: 0 };
    expect(libbpf().testRun(this.#egress.programFd(), opts)).toBe(0);
    expect(opts.retval, 'TC_ACT_UNSPEC').toBe(0xffffffff);
  }

  /** The row that decides. */
  ask(frame: Uint8Array): string | undefined {
    return this.#rows[askPolicy(this.#firewall.programFd(), frame).record];
  }

  /** As a packet and not as a question: what it belongs to is kept alive. */
  comeIn(frame: Uint8Array): void {
    testRun(this.#firewall.programFd(), { data: frame });
  }

  #keep<T extends Disposable>(one: T): T {
    this.#open.push(one);
    return one;
  }

  [Symbol.dispose](): void {
    for (const one of this.#open.reverse()) one[Symbol.dispose]();
  }
}

/** The same flow the other way round. */
function answerTo(packet: PacketDescription, random: Random): PacketDescription {
  const { source, destination, sourcePort, destinationPort, icmpType, family } = packet;
  const echoReply = family === 6 ? 129 : 0;
  return {
    ...packet,
    ...(destination && { source: destination }),
    ...(source && { destination: source }),
    ...(destinationPort !== undefined && { sourcePort: destinationPort }),
    ...(sourcePort !== undefined && { destinationPort: sourcePort }),
    ...(icmpType !== undefined && { icmpType: random.chance(80) ? echoReply : icmpType }),
    tcpFlags: random.pick([2, 16, 18, 4, 20, 17, 1, 0, 3, 41, 24, 34, 36, 48, 49, 50, 52]),
  };
}

/** An ICMP error that quotes a frame: all of it, or as little as a router has to. */
function errorAbout(frame: Uint8Array, packet: PacketDescription, random: Random): Uint8Array {
  const six = packet.family === 6;
  const ip = frame.subarray(14 + 4 * (packet.vlan?.length ?? 0));
  const headers = six ? 40 : ((ip[0] ?? 0) & 15) * 4;
  const quoted = random.chance(50) ? ip : ip.subarray(0, headers + 8);
  const protocol = six ? 58 : 1;
  const icmpType = six ? random.pick([1, 2, 3, 4]) : random.pick([3, 11, 12, 5]);
  const length = (six ? 40 : 20) + 8 + quoted.length;
  const { family, destination: source, source: sender } = packet;
  const destination = random.chance(80) ? sender : source; // to somebody else than who sent it
  const shell = buildPacket({
    ...(family && { family }),
    ...(source && { source }),
    ...(destination && { destination }),
    protocol,
    icmpType,
    length,
  });
  const error = new Uint8Array(shell);
  error.set(quoted, error.length - quoted.length);
  return error;
}

it('every packet that comes in is the same to the kernel and to the reference', () => {
  const random = new Random(SEED);
  const seen = new Map<string, number>();
  for (let round = 0; round < 12; round++) {
    using host = new Host();
    const connections = new Connections();
    const sent: { packet: PacketDescription; frame: Uint8Array }[] = [];
    for (let step = 0; step < 250; step++) {
      const packet = { ...randomPacket(random) };
      if (random.chance(60)) packet.protocol = random.pick([6, 17, packet.family === 6 ? 58 : 1]);
      if (random.chance(50)) packet.sourcePort = random.pick([32_767, 32_768, 40_000, 53]);
      delete packet.etherType;
      if (random.chance(40)) {
        const frame = buildPacket(packet);
        if (parseFrame(frame).shape !== 'ip') continue;
        host.leave(frame);
        connections.record(frame, 0);
        sent.push({ packet, frame });
        continue;
      }
      const about = random.pick(sent.length > 0 ? sent : [{ packet, frame: buildPacket(packet) }]);
      const kind = random.below(10);
      const whole =
        kind < 5
          ? buildPacket(answerTo(about.packet, random))
          : kind < 7
            ? errorAbout(about.frame, about.packet, random)
            : buildPacket(packet);
      const frame = random.chance(15) ? broken(random, whole) : whole;
      const row = host.ask(frame);
      const expected: ConnectionState | undefined =
        parseFrame(frame).shape === 'ip' ? connections.stateOf(frame, 0) : undefined;
      if (expected) {
        expect(row, `seed ${SEED}, round ${round}, step ${step}: ${Buffer.from(frame).toString('hex')}`).toBe(
          expected,
        );
        host.comeIn(frame);
      } else expect(CONNECTION_STATES).not.toContain(row);
      seen.set(row ?? '', (seen.get(row ?? '') ?? 0) + 1);
    }
  }
  for (const state of CONNECTION_STATES) expect(seen.get(state) ?? 0, state).toBeGreaterThan(30);
});
