// The tables of the kernel and the reference agree: random packets leave through the egress program and come in at a firewall that
// shares its tables, and every state is the same. Time stands still: what is forgotten when is asked elsewhere.
// needs: lab
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createConnectionTable } from '../../../src/kernel/connection-tables.js';
import { loadEgress } from '../../../src/kernel/egress.js';
import { createRecorded } from '../../../src/kernel/recorded.js';
import { libbpf } from '../../../src/kernel/ffi.js';
import { loadPolicy } from '../../../src/kernel/load-policy.js';
import { testRun } from '../../../src/kernel/testrun.js';
import { askPolicy } from '../../../src/kernel/ask-policy.js';
import type { Cidr } from '../../../src/addresses/cidr.js';
import {
  CONNECTION_STATES,
  type ConnectionState,
  type PacketDescription,
  type Policy,
} from '../../../src/model/policy.js';
import { compilePolicy } from '../../../src/policy/compile/compile.js';
import { Connections } from '../../../src/policy/connections/connections.js';
import { readFrame } from '../../../src/policy/connections/read-flow.js';
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

  constructor(asking: Policy = BY_STATE) {
    const tables = {
      opened: this.#keep(createConnectionTable('opened', ENTRIES)),
      served: this.#keep(createConnectionTable('served', ENTRIES)),
      begun: this.#keep(createConnectionTable('begun', ENTRIES)),
      fragments: this.#keep(createConnectionTable('fragments', ENTRIES)),
      grace: this.#keep(createConnectionTable('grace', 1)),
    };
    const compiled = compilePolicy(asking);
    this.#rows = compiled.owners.map(({ row }) => row);
    this.#firewall = this.#keep(
      loadPolicy(firewallObject(asking), bindForTest(compiled), { ofHost: { connections: tables } }),
    );
    const maps = { ...tables, recorded: this.#keep(createRecorded({ opened: 0, served: 0, begun: 0 })) };
    this.#egress = this.#keep(loadEgress(readFileSync('dist/bpf/egress.bpf.o'), 'egress', maps, undefined));
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
    ...(random.chance(40) && { fragment: random.pick(['first', 'later', 'later'] as const) }),
    fragmentId: random.below(3),
    tcpFlags: random.pick([2, 16, 18, 4, 20, 17, 1, 0, 3, 41, 24, 34, 36, 48, 49, 50, 52]),
  };
}

/** A later fragment of the same datagram, or nearly so. */
function restOf(first: PacketDescription, random: Random): PacketDescription {
  const nearly = random.chance(25);
  return { ...first, fragment: 'later', ...(nearly && { fragmentId: random.below(4), protocol: 17 }) };
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
    const begun: PacketDescription[] = [];
    for (let step = 0; step < 250; step++) {
      const packet = { ...randomPacket(random), fragmentId: random.below(3) };
      if (random.chance(30)) packet.fragment = random.pick(['first', 'first', 'later']);
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
      const answer = answerTo(about.packet, random);
      if (kind < 5 && answer.fragment === 'first') begun.push(answer);
      const whole =
        kind < 5
          ? buildPacket(random.chance(40) && begun.length > 0 ? restOf(random.pick(begun), random) : answer)
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
        connections.letRestIn(frame, expected, 0);
      } else expect(CONNECTION_STATES).not.toContain(row);
      const what = expected && readFrame(frame, 'incoming')?.kind === 'later-fragment' ? `${row} rest` : row;
      seen.set(what ?? '', (seen.get(what ?? '') ?? 0) + 1);
    }
  }
  for (const what of ['established rest', 'invalid rest'])
    expect(seen.get(what) ?? 0, what).toBeGreaterThan(30);
  for (const state of CONNECTION_STATES) expect(seen.get(state) ?? 0, state).toBeGreaterThan(30);
});

const OF_ANSWERS = { connection: ['established' as const], fragment: ['first' as const] };
const FAR = Date.UTC(2100, 0, 1);

it.each([
  { what: 'passes it', first: rule('first', OF_ANSWERS, 'pass'), row: 'rest' },
  { what: 'passes it until then', first: rule('first', OF_ANSWERS, 'pass', { until: FAR }), row: 'rest' },
  { what: 'drops it', first: rule('first', OF_ANSWERS, 'drop'), row: '(default)' },
  { what: 'does not ask', first: rule('first', { fragment: ['first'] }, 'pass'), row: '(default)' },
])('behind a first fragment whose rule $what, $row decides', ({ first, row }) => {
  for (const family of [4, 6] as const) {
    const rest = rule('rest', { connection: ['established'] }, 'pass');
    using host = new Host(policy([first, rest], { default: 'drop' }));
    // Of one address, so that an answer has the same ends; other ports.
    const end: Cidr = { family, a: 0x0a000001, b: 0, c: 0, d: 1, length: family === 4 ? 32 : 128 };
    const ends = { family, source: end, destination: end, protocol: 17 };
    host.leave(buildPacket({ ...ends, sourcePort: 40_000, destinationPort: 53 }));
    const later = buildPacket({ ...ends, fragment: 'later' });
    expect(host.ask(later)).toBe('(default)');
    const begins = buildPacket({ ...ends, sourcePort: 53, destinationPort: 40_000, fragment: 'first' });
    expect(host.ask(begins), 'a question notes nothing').toBe('first');
    expect(host.ask(later)).toBe('(default)');
    host.comeIn(begins);
    expect(host.ask(later)).toBe(row);
  }
});
