// Random conversations between a host and the world: what a network and two programs do to TCP, UDP and ICMP, and what they should
// not. A conversation is a list of events; each judge sees the same ones. One seed, one sequence.
import type { Random } from '../policy/random.js';
import { FLAG } from './ip-packets.js';

type Side = 'host' | 'world';

export type Event =
  | { kind: 'tcp'; from: Side; flags: number; seq: number; ack: number; bytes: number }
  | { kind: 'udp'; from: Side }
  | { kind: 'echo'; from: Side; isRequest: boolean; sequence: number }
  | { kind: 'raw'; from: Side }
  /** An ICMP error of somebody on the way, about the last packet that left. */
  | { kind: 'error' };

export type Protocol = 'tcp' | 'udp' | 'echo' | 'raw';

export interface Conversation {
  protocol: Protocol;
  opener: Side;
  events: Event[];
}

const { fin, syn, rst, psh, ack, urg } = FLAG;
const other = (side: Side): Side => (side === 'host' ? 'world' : 'host');

export function randomConversation(random: Random): Conversation {
  const protocol = random.pick<Protocol>(['tcp', 'tcp', 'tcp', 'tcp', 'udp', 'udp', 'echo', 'raw']);
  const opener = random.pick<Side>(['host', 'host', 'world']);
  const ideal = protocol === 'tcp' ? tcpEvents(random, opener) : plainEvents(random, protocol, opener);
  const [first, ...rest] = withErrors(random, disturbed(random, ideal));
  return { protocol, opener, events: first ? [first, ...rest] : [] };
}

type TcpEvent = Extract<Event, { kind: 'tcp' }>;

/** Both sides of a TCP connection, as far as the numbers in its headers go. */
class Tcp {
  readonly events: TcpEvent[] = [];
  readonly #next: Record<Side, number>;

  constructor(readonly random: Random) {
    // Near the end of the numbers sometimes, so that they start again from 0.
    const start = () => random.pick([random.below(2 ** 32), 2 ** 32 - 1 - random.below(2000)]);
    this.#next = { host: start(), world: start() };
  }

  say(from: Side, flags: number, bytes = 0): void {
    const acknowledged = flags & ack ? this.#next[other(from)] : 0;
    this.events.push({ kind: 'tcp', from, flags, seq: this.#next[from], ack: acknowledged, bytes });
    const taken = bytes + (flags & (syn | fin) ? 1 : 0);
    this.#next[from] = (this.#next[from] + taken) >>> 0;
  }

  data(from: Side): void {
    const extra = this.random.pick([0, psh, psh, psh | urg, 0x40, 0x80]);
    this.say(from, ack | extra, 1 + this.random.below(1000));
    if (this.random.chance(70)) this.say(other(from), ack);
  }

  again(): void {
    const one = this.random.pick(this.events);
    this.events.push({ ...one });
  }
}

function tcpEvents(random: Random, opener: Side): TcpEvent[] {
  const tcp = new Tcp(random);
  const peer = other(opener);
  const either = () => random.pick([opener, peer]);
  switch (random.below(12)) {
    case 0: // half-open: nobody answers, or the opener is gone
      tcp.say(opener, syn);
      for (let left = random.below(4); left > 0; left--) tcp.again();
      if (random.chance(50)) tcp.say(peer, syn | ack);
      if (random.chance(30)) tcp.again();
      return tcp.events;
    case 1: // refused
      tcp.say(opener, syn | (random.chance(20) ? 0xc0 : 0));
      tcp.say(peer, rst | ack);
      if (random.chance(60)) tcp.again();
      return tcp.events;
    case 2: // both at once (RFC 9293, figure 7)
    case 3:
      tcp.say(opener, syn);
      tcp.say(peer, syn);
      if (random.chance(40)) tcp.again();
      tcp.say(opener, syn | ack);
      tcp.say(peer, syn | ack);
      tcp.say(opener, ack);
      break;
    case 4: // seen from its middle on
      if (opener === 'world') tcp.say('host', ack);
      break;
    default:
      tcp.say(opener, syn | (random.chance(10) ? 0xc0 : 0));
      tcp.say(peer, syn | ack);
      tcp.say(opener, ack);
  }
  for (let left = random.below(6); left > 0; left--) tcp.data(either());
  close(random, tcp, either());
  return tcp.events;
}

function close(random: Random, tcp: Tcp, closer: Side): void {
  const peer = other(closer);
  switch (random.below(5)) {
    case 0:
      return;
    case 1:
      tcp.say(closer, rst | (random.chance(50) ? ack : 0));
      break;
    default:
      tcp.say(closer, fin | ack);
      if (random.chance(50)) tcp.say(peer, ack);
      if (random.chance(50)) tcp.data(peer); // half closed
      tcp.say(peer, fin | ack);
      tcp.say(closer, ack);
  }
  // Retransmitted after the end.
  for (let left = random.below(4); left > 0; left--) tcp.again();
}

function plainEvents(random: Random, protocol: 'udp' | 'echo' | 'raw', opener: Side): Event[] {
  return Array.from({ length: 2 + random.below(6) }, (_, index): Event => {
    const from = index === 0 ? opener : random.pick(['host', 'world'] as const);
    if (protocol !== 'echo') return { kind: protocol, from };
    return { kind: 'echo', from, isRequest: from === opener, sequence: random.below(4) };
  });
}

/** Loss, and what follows from it; packets that come twice, and in another order. The first one stays where it is. */
function disturbed(random: Random, ideal: Event[]): Event[] {
  const events = [...ideal];
  for (let at = 1; at < events.length; at++) {
    const [before, one] = [events[at - 1], events[at]];
    if (!before || !one) continue;
    if (random.chance(8)) {
      events.splice(at, 1);
      if (random.chance(80)) events.splice(Math.min(events.length, at + 1 + random.below(3)), 0, one);
    } else if (random.chance(8))
      events.splice(Math.min(events.length, at + 1 + random.below(4)), 0, { ...one });
    else if (random.chance(8) && at > 1) [events[at - 1], events[at]] = [one, before];
    else if (random.chance(2) && one.kind === 'tcp')
      events.splice(at, 0, { ...one, flags: random.pick([rst, rst | ack, syn, fin | ack]), bytes: 0 });
  }
  return events;
}

function withErrors(random: Random, events: Event[]): Event[] {
  return events.flatMap((one): Event[] => (random.chance(6) ? [one, { kind: 'error' }] : [one]));
}
