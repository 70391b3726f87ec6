// Packets that nobody asked for: scans with all flags, answers to flows that are open but for a port, a host or a protocol, echo
// replies, and ICMP errors about what the host has not sent. None of them belongs to a flow.
import type { Verdicts } from '../lab/two-judges.js';
import type { Random } from '../policy/random.js';
import { concat, Writer } from '../../src/policy/packet/bytes.js';
import {
  echo,
  type Ends,
  type Family,
  FLAG,
  icmp,
  icmpOf,
  ipPacket,
  TCP,
  tcp,
  UDP,
  udp,
} from './ip-packets.js';
import type { Flow, HostAddresses, Speaker } from './speaker.js';

/** Beside those of the host: it has it, and says nothing from it. */
export type Silent = Record<Family, Uint8Array>;

export interface Stranger extends Verdicts {
  what: string;
}

interface Packet {
  what: string;
  ends: Ends;
  protocol: number;
  body: Uint8Array;
}

const familyOf = ({ length }: Uint8Array): Family => (length === 4 ? 4 : 6);

/** `open`: flows with ports as they are on the wire. */
export class Strangers {
  readonly #random: Random;
  #scanned = 0;

  constructor(
    readonly speaker: Speaker,
    readonly host: HostAddresses,
    readonly silent: Silent,
    readonly open: readonly Flow[],
  ) {
    this.#random = speaker.random;
  }

  next(): Stranger {
    const random = this.#random;
    const make = random.pick([
      () => this.#scan(),
      () => this.#scan(),
      () => this.#forged(),
      () => this.#forged(),
      () => this.#datagram(),
      () => this.#pong(),
      () => this.#error(),
    ]);
    const { what, ends, protocol, body } = make();
    return { what, ...this.speaker.comeIn(ends, protocol, body) };
  }

  #ends(): Ends {
    const family = this.#random.pick<Family>([4, 6]);
    return { source: this.speaker.somebody(family), destination: this.host.own[family] };
  }

  #port(): number {
    return this.#random.pick([22, 53, 80, 443, 1 + this.#random.below(65_535)]);
  }

  #segment(ends: Ends, sourcePort: number, destinationPort: number, flags: number): Uint8Array {
    const [seq, ack] = [this.#random.below(2 ** 32), this.#random.below(2 ** 32)];
    return tcp(ends, { sourcePort, destinationPort, seq, ack, flags, bytes: this.#random.pick([0, 0, 20]) });
  }

  /** Every combination of the eight flags in turn. */
  #scan(): Packet {
    const flags = this.#scanned++ % 256;
    const ends = this.#ends();
    const body = this.#segment(ends, this.#port(), this.#port(), flags);
    return { what: `a scan with flags ${flags}`, ends, protocol: TCP, body };
  }

  /** An answer to what is open, but for one thing. */
  #forged(): Packet {
    const wrong = this.#random.pick([
      'host',
      'remote port',
      'local port',
      'local address',
      'protocol',
    ] as const);
    const { flow, kind } = this.#nearly(wrong);
    const ends = { source: flow.world, destination: flow.host };
    const what = `an answer, wrong ${wrong}, to ${flow.protocol}`;
    if (kind === 'udp') return { what, ends, protocol: UDP, body: udp(ends, flow.worldPort, flow.hostPort) };
    const flags = this.#random.pick([FLAG.syn | FLAG.ack, FLAG.ack, FLAG.rst, FLAG.rst | FLAG.ack, 25, 17]);
    return { what, ends, protocol: TCP, body: this.#segment(ends, flow.worldPort, flow.hostPort, flags) };
  }

  #nearly(wrong: 'host' | 'remote port' | 'local port' | 'local address' | 'protocol') {
    const flow = this.#random.pick(this.open);
    const kind: 'tcp' | 'udp' = flow.protocol === 'tcp' ? 'tcp' : 'udp';
    const another = (port: number) => ((port + this.#random.below(500)) % 65_535) + 1;
    switch (wrong) {
      case 'host':
        return { kind, flow: { ...flow, world: this.speaker.somebody(familyOf(flow.world)) } };
      case 'remote port':
        return { kind, flow: { ...flow, worldPort: another(flow.worldPort) } };
      case 'local port':
        return { kind, flow: { ...flow, hostPort: another(flow.hostPort) } };
      case 'local address':
        return { kind, flow: { ...flow, host: this.silent[familyOf(flow.host)] } };
      case 'protocol':
        return { kind: kind === 'tcp' ? ('udp' as const) : ('tcp' as const), flow };
    }
  }

  /** The answer of a service that was not asked. */
  #datagram(): Packet {
    const ends = this.#ends();
    const body = udp(ends, this.#random.pick([53, 123, 161, 1900]), 32_768 + this.#random.below(28_000));
    return { what: 'a datagram from the port of a service', ends, protocol: UDP, body };
  }

  #pong(): Packet {
    const ends = this.#ends();
    const body = echo(ends, false, this.#random.below(65_536), 1);
    return { what: 'an echo reply', ends, protocol: icmpOf(ends), body };
  }

  /** About a packet that was never sent, one that came in, or one that another address sent. */
  #error(): Packet {
    const what = this.#random.pick(['one never sent', 'one that came in', 'one of another address'] as const);
    const { flow, kind } = this.#nearly(what === 'one never sent' ? 'remote port' : 'host');
    const { host, world, hostPort, worldPort } =
      what === 'one never sent' ? flow : this.#random.pick(this.open);
    const isIncoming = what === 'one that came in';
    const quoted: Ends = isIncoming
      ? { source: world, destination: host }
      : { source: host, destination: world };
    const ports = isIncoming ? ([worldPort, hostPort] as const) : ([hostPort, worldPort] as const);
    const inner = kind === 'udp' ? udp(quoted, ...ports) : this.#segment(quoted, ...ports, FLAG.ack);
    const family = familyOf(host);
    const destination = what === 'one of another address' ? this.silent[family] : host;
    const ends = { source: this.speaker.somebody(family), destination };
    const rest = concat([
      new Writer().u32(0).bytes(),
      ipPacket(quoted, kind === 'udp' ? UDP : TCP, 1, inner),
    ]);
    const type = this.#random.pick(family === 4 ? [3, 5, 11, 12] : [1, 3, 4]);
    return { what: `an error about ${what}`, ends, protocol: icmpOf(ends), body: icmp(ends, type, 0, rest) };
  }
}
