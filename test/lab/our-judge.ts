// One host with a policy of ours at veth0 that has a rule for each state, none of which drops. What leaves is sent by the host itself
// (raw sockets), by its routes and out through our tc program; what comes in goes over the wire into XDP.
// needs: lab
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readCounters, readRows } from '../../src/kernel/counters.js';
import { detachEgress } from '../../src/kernel/egress.js';
import { EGRESS, pinPathsOf } from '../../src/kernel/pin-paths.js';
import { openPin } from '../../src/kernel/pinned.js';
import { CONNECTION_STATES, type ConnectionState } from '../../src/model/policy.js';
import { concat, Writer } from '../../src/policy/packet/bytes.js';
import type { Lab } from '../lab.js';
import { reconcile } from '../support/host.js';
import { fromConntrack, withoutGrace, writePolicy } from '../support/policies.js';
import { MARK } from './conntrack.js';
import { type AtInterface, type IpSender, openAtInterface, openIpSender } from './raw-sockets.js';
import { macOf } from './traffic.js';

/** Milliseconds: a packet gets through in microseconds. */
const PATIENCE = 20_000;

export interface OurJudge extends Disposable {
  host: IpSender;
  wire: AtInterface;
  /** A frame around a packet that comes in. */
  frame(packet: Uint8Array): Uint8Array;
  /** Packets of each state so far. */
  counts(): Record<ConnectionState, number>;
}

/**
 * `networks`: of the world outside, IPv4 and IPv6, for which nobody there answers. `addresses`: more of the host. No neighbour is ever
 * asked for. `conntrack`, which has to follow packets by then: nothing but conntrack is asked, as nothing is recorded.
 */
export async function seatOurJudge(
  lab: Lab,
  networks: readonly [string, string],
  addresses: readonly string[],
  source: 'tables' | 'conntrack' = 'tables',
): Promise<OurJudge> {
  const { name, peer, peerAddress, peerAddress6 } = lab.pair('veth0');
  const { firewall, outside } = lab.network;
  const [here, there] = [await macOf(firewall, name), await macOf(outside, peer)];
  const lladdr = there.toString(16).padStart(12, '0').match(/../g)?.join(':') ?? '';
  for (const [index, via] of [peerAddress, peerAddress6].entries()) {
    await lab.exec('ip', 'neigh', 'replace', via, 'lladdr', lladdr, 'dev', name, 'nud', 'permanent');
    await lab.exec('ip', 'route', 'add', networks[index] ?? '', 'via', via, 'dev', name);
  }
  for (const address of addresses) await lab.exec('ip', 'address', 'add', address, 'dev', 'lo');
  for (const tool of ['iptables', 'ip6tables'])
    await lab.execOutside(tool, '-w', '-t', 'raw', '-A', 'OUTPUT', '-j', 'DROP');
  const rules = CONNECTION_STATES.map((state) => ({
    ...{ name: state, match: { connection: state }, action: 'pass' },
  }));
  writePolicy(lab, { default: 'pass', malformed: 'pass', rules });
  if (source === 'conntrack') fromConntrack(lab);
  else withoutGrace(lab);
  await reconcile(lab);
  if (source === 'conntrack') endRecording(lab);
  const open = {
    counts: openCounts(lab),
    host: await openIpSender(firewall, MARK),
    wire: await openAtInterface(outside, peer, true),
  };
  return {
    ...open,
    counts: () => open.counts.read(),
    frame: (packet) => {
      const type = (packet[0] ?? 0) >> 4 === 4 ? 0x0800 : 0x86dd;
      return concat([new Writer().mac(here).mac(there).u16(type).bytes(), packet]);
    },
    [Symbol.dispose]: () => {
      for (const one of Object.values(open)) one[Symbol.dispose]();
    },
  };
}

/** Takes the recorder away, as a stranger might; no pass heals it. */
function endRecording(lab: Lab): void {
  const folder = join(lab.bpffs, 'xdpkeep/interfaces/veth0');
  for (const name of readdirSync(folder).filter((one) => one.startsWith(EGRESS))) {
    using link = openPin(join(folder, name));
    // The kernel ends a link without a pin only later.
    if (link) detachEgress(link, { name: 'veth0', digest: name.slice(EGRESS.length) });
    rmSync(join(folder, name));
  }
}

function openCounts(lab: Lab) {
  const pins = pinPathsOf(lab.bpffs);
  const map = openPin(pins.counters('veth0'));
  const rows = readRows(pins, 'veth0');
  const slots = CONNECTION_STATES.map((state) => rows.find(({ row }) => row === state)?.slot ?? NaN);
  if (!map || slots.some(Number.isNaN)) throw new Error('nothing counts at veth0');
  return {
    read: () => {
      const counts = readCounters(map.number, Math.max(...slots) + 1);
      const entries = CONNECTION_STATES.map((state, at) => [state, counts[(slots[at] ?? 0) * 2] ?? 0]);
      return Object.fromEntries(entries) as Record<ConnectionState, number>;
    },
    [Symbol.dispose]: () => {
      map[Symbol.dispose]();
    },
  };
}

/** Asks until there is an answer. */
export function soon<T>(what: string, ask: () => T | undefined): T {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const answer = ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`${what}: nothing within ${PATIENCE / 1000} s`);
  }
}
