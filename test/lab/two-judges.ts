// One host with two judges: a policy of ours at veth0, with a rule for each state, none of which drops, and iptables' `-m conntrack`
// behind it. What leaves is sent by the host itself (raw sockets): through conntrack, address translation and then our tc program.
// What comes in goes over the wire into XDP, and on to conntrack. One packet at a time, so that each judge's answer is known.
// needs: lab
import { pinPathsOf } from '../../src/kernel/pin-paths.js';
import { readCounters, readRows } from '../../src/kernel/counters.js';
import { openPin } from '../../src/kernel/pinned.js';
import { CONNECTION_STATES, type ConnectionState } from '../../src/model/policy.js';
import { concat, Writer } from '../../src/policy/packet/bytes.js';
import type { Lab } from '../lab.js';
import { reconcile } from '../support/host.js';
import { numberOf } from '../support/ip-packets.js';
import { writePolicy } from '../support/policies.js';
import {
  type ConntrackLog,
  type ConntrackState,
  MARK,
  openConntrackLog,
  writeConntrackRules,
} from './conntrack.js';
import { must, within } from './exec.js';
import { type AtInterface, type IpSender, openAtInterface, openIpSender } from './raw-sockets.js';
import { macOf } from './traffic.js';

/** Networks of the world outside, which nobody there answers for. */
export const WORLD = ['198.18.0.0/15', '2001:db8::/32'];
/** Milliseconds: a packet gets through in microseconds. */
const PATIENCE = 20_000;

export interface Verdicts {
  ours: ConnectionState;
  theirs: ConntrackState;
}

export interface Judges extends Disposable {
  /** Sends a packet from the host; as it is on the wire. */
  leave(packet: Uint8Array): Uint8Array;
  /** Lets a packet come in from outside. */
  comeIn(packet: Uint8Array): Verdicts;
}

/** `others`: more addresses of the host; `behind`: those that it translates. */
export async function seatJudges(lab: Lab, others: string[], behind: string[]): Promise<Judges> {
  const { name, peer, peerAddress, peerAddress6 } = lab.pair('veth0');
  const { firewall, outside } = lab.network;
  const [here, there] = [await macOf(firewall, name), await macOf(outside, peer)];
  await prepare(lab, [...others, ...behind], there, [peerAddress, peerAddress6]);
  const rules = CONNECTION_STATES.map((state) => ({
    name: state,
    match: { connection: state },
    action: 'pass',
  }));
  writePolicy(lab, { default: 'pass', malformed: 'pass', rules });
  await reconcile(lab);
  await writeConntrackRules(firewall, name, behind);
  const using = {
    wire: await openAtInterface(outside, peer, true),
    host: await openIpSender(firewall, MARK),
    log: await openConntrackLog(firewall),
  };
  return new TwoJudges(using, openCounts(lab), (type) => new Writer().mac(here).mac(there).u16(type).bytes());
}

/** No neighbour is ever asked for, and the kernel outside says nothing by itself. */
async function prepare(lab: Lab, addresses: string[], mac: number, peers: string[]): Promise<void> {
  const lladdr = mac.toString(16).padStart(12, '0').match(/../g)?.join(':') ?? '';
  for (const [index, peer] of peers.entries()) {
    await lab.exec('ip', 'neigh', 'replace', peer, 'lladdr', lladdr, 'dev', 'veth0', 'nud', 'permanent');
    await lab.exec('ip', 'route', 'add', WORLD[index] ?? '', 'via', peer, 'dev', 'veth0');
  }
  for (const address of addresses) await lab.exec('ip', 'address', 'add', address, 'dev', 'lo');
  for (const tool of ['iptables', 'ip6tables'])
    await must(...within(lab.network.outside, [tool, '-w', '-t', 'raw', '-A', 'OUTPUT', '-j', 'DROP']));
}

/** What each state has counted, in the order of CONNECTION_STATES. */
function openCounts(lab: Lab) {
  const pins = pinPathsOf(lab.bpffs);
  const map = openPin(pins.counters('veth0'));
  const rows = readRows(pins, 'veth0');
  const slots = CONNECTION_STATES.map((state) => rows.find(({ row }) => row === state)?.slot ?? NaN);
  if (!map || slots.some(Number.isNaN)) throw new Error('nothing counts at veth0');
  return {
    read: () => {
      const counts = readCounters(map.number, Math.max(...slots) + 1);
      return slots.map((slot) => counts[slot * 2] ?? 0);
    },
    [Symbol.dispose]: () => {
      map[Symbol.dispose]();
    },
  };
}

class TwoJudges implements Judges {
  #counted;

  constructor(
    readonly using: { wire: AtInterface; host: IpSender; log: ConntrackLog },
    readonly counts: ReturnType<typeof openCounts>,
    readonly link: (etherType: number) => Uint8Array,
  ) {
    this.#counted = counts.read();
  }

  leave(packet: Uint8Array): Uint8Array {
    this.using.host.send(packet);
    const number = numberOf(packet);
    return soon(`packet ${number} on the wire`, () => {
      const frame = this.using.wire.receive();
      if (!frame) return undefined;
      const sent = Uint8Array.from(frame.subarray(14));
      return numberOf(sent) === number ? sent : undefined;
    });
  }

  comeIn(packet: Uint8Array): Verdicts {
    const type = (packet[0] ?? 0) >> 4 === 4 ? 0x0800 : 0x86dd;
    this.using.wire.send(concat([this.link(type), packet]));
    const number = numberOf(packet);
    const { state } = soon(`what conntrack says about packet ${number}`, () => this.using.log.next());
    const ours = soon(`what we say about packet ${number}`, () => this.#newlyCounted());
    return { ours, theirs: state };
  }

  #newlyCounted(): ConnectionState | undefined {
    const now = this.counts.read();
    const rise = now.map((count, index) => count - (this.#counted[index] ?? 0));
    const total = rise.reduce((sum, one) => sum + one, 0);
    if (total === 0) return undefined;
    if (total > 1) throw new Error(`one packet was counted ${total} times`);
    this.#counted = now;
    return CONNECTION_STATES[rise.indexOf(1)];
  }

  [Symbol.dispose](): void {
    for (const one of [...Object.values(this.using), this.counts]) one[Symbol.dispose]();
  }
}

/** Asks until there is an answer. */
function soon<T>(what: string, ask: () => T | undefined): T {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const answer = ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`${what}: nothing within ${PATIENCE / 1000} s`);
  }
}
