// What iptables' `-m conntrack` takes each packet for that comes in at an interface, packet by packet: a rule for each state logs
// it (NFLOG) right behind conntrack, which runs with its defaults: windows are checked (nf_conntrack_tcp_be_liberal=0), and a
// connection may be picked up in its middle (nf_conntrack_tcp_loose=1). iptables 1.8 is the front end of nf_tables on Debian, and
// makes `ct state` of it. conntrack sleeps in a namespace until the first such rule is there.
// needs: iptables lab
import { attribute, attributes, text } from '../../src/kernel/netlink.js';
import { must, within } from './exec.js';
import { openNetlink } from './raw-sockets.js';

const CONNTRACK_STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'] as const;
export type ConntrackState = (typeof CONNTRACK_STATES)[number];

/** SO_MARK of packets that the test sends: whatever else the host would say, as to ports that nobody serves, stays unsaid. */
export const MARK = 7;
const GROUP = 7;

/** NFLOG (linux/netfilter/nfnetlink_log.h). */
const NETLINK_NETFILTER = 12;
const LOG_PACKET = (4 << 8) | 0; // NFNL_SUBSYS_ULOG, NFULNL_MSG_PACKET
const LOG_CONFIG = (4 << 8) | 1;
const CONFIG = { command: 1, mode: 2, threshold: 5 } as const;
const PAYLOAD = 9;
const PREFIX = 10;
/** struct nlmsghdr, struct nfgenmsg. */
const [HEADER, FAMILY] = [16, 4];
const NLM_F_REQUEST = 1;

/** Sets up the rules at `name`. What leaves from one of `behind` gets the address of the interface, and another port. */
export async function writeConntrackRules(namespace: string, name: string, behind: string[]): Promise<void> {
  for (const tool of ['iptables', 'ip6tables']) {
    const rule = (...words: string[]) => must(...within(namespace, [tool, '-w', ...words]));
    await rule(
      '-t',
      'raw',
      '-A',
      'OUTPUT',
      '-o',
      name,
      '-m',
      'mark',
      '!',
      '--mark',
      String(MARK),
      '-j',
      'DROP',
    );
    for (const state of CONNTRACK_STATES) {
      const match = ['-i', name, '-m', 'conntrack', '--ctstate', state];
      const log = ['-j', 'NFLOG', '--nflog-group', String(GROUP), '--nflog-prefix', state];
      await rule('-t', 'mangle', '-A', 'PREROUTING', ...match, ...log);
    }
    for (const address of behind.filter((one) => one.includes(':') === (tool === 'ip6tables'))) {
      const from = ['-o', name, '-s', address];
      await rule('-t', 'nat', '-A', 'POSTROUTING', ...from, '-j', 'MASQUERADE', '--random');
    }
  }
}

/** What conntrack says. */
interface Judgement {
  state: ConntrackState;
  /** The packet, from its IP header on. */
  packet: Buffer;
}

export interface ConntrackLog extends Disposable {
  /** About the next packet that came in; `undefined` when there is none. */
  next(): Judgement | undefined;
}

export async function openConntrackLog(namespace: string): Promise<ConntrackLog> {
  const socket = await openNetlink(namespace, NETLINK_NETFILTER);
  const configure = (kind: number, value: number[]) => {
    const body = Buffer.concat([Buffer.from([0, 0, 0, GROUP]), attribute(kind, Buffer.from(value))]);
    const message = Buffer.alloc(HEADER + body.length);
    message.writeUInt32LE(message.length, 0);
    message.writeUInt16LE(LOG_CONFIG, 4);
    message.writeUInt16LE(NLM_F_REQUEST, 6);
    body.copy(message, HEADER);
    socket.send(message, socket.address);
  };
  configure(CONFIG.command, [1]); // NFULNL_CFG_CMD_BIND
  configure(CONFIG.mode, [0, 0, 1, 0, 2, 0]); // so many bytes of the packet, NFULNL_COPY_PACKET
  configure(CONFIG.threshold, [0, 0, 0, 1]); // each one at once
  let waiting: Judgement[] = [];
  return {
    next: () => {
      if (waiting.length === 0) waiting = judgements(socket.receive());
      return waiting.shift();
    },
    [Symbol.dispose]: () => {
      socket[Symbol.dispose]();
    },
  };
}

function judgements(bytes: Buffer | undefined): Judgement[] {
  const found: Judgement[] = [];
  for (let at = 0; bytes && at + HEADER <= bytes.length;) {
    const length = bytes.readUInt32LE(at);
    if (bytes.readUInt16LE(at + 4) === LOG_PACKET) {
      const said = attributes(bytes.subarray(at + HEADER + FAMILY, at + length));
      const state = CONNTRACK_STATES.find((one) => one === text(said.get(PREFIX)));
      const packet = said.get(PAYLOAD);
      if (!state || !packet) throw new Error(`a log message that says nothing: ${bytes.toString('hex')}`);
      found.push({ state, packet: Buffer.from(packet) });
    }
    at += (length + 3) & ~3;
  }
  return found;
}
