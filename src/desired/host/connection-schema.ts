// The schema of what a Host file says of its connections: for how many there is room, and for how long each is kept. Names of states are
// those of `Lives`; the descriptions name the setting of conntrack that is meant.
import * as z from 'zod';
import {
  CONNECTION_SOURCES,
  CONNECTIONS_LIMIT,
  type ConnectionSettings,
  FEWEST_CONNECTIONS,
  GRACE,
  GRACE_LIMIT,
  LIVES,
  MOST_CONNECTIONS,
  type Phase,
} from '../../model/connections.js';
import { formatDuration } from '../../text/duration.js';
import { mayBeAbsent, wholeNumber } from '../policy/values.js';
import { duration } from './safeguard-schema.js';

const SECOND = 1000;
const LONGEST = 30 * 86_400 * SECOND;

/** `usual`: seconds. */
function timeout(usual: number, what: string) {
  return mayBeAbsent(duration(SECOND, LONGEST, '1s to 30d')).describe(
    `${what}. Default: ${formatDuration(usual * SECOND)}.`,
  );
}

const TCP: Record<Phase, string> = {
  opening: 'This host has sent a SYN (tcp_timeout_syn_sent)',
  accepting: 'It has sent SYN and ACK (tcp_timeout_syn_recv)',
  flowing: 'It has sent anything else (tcp_timeout_established)',
  closing: 'It has sent a FIN (tcp_timeout_fin_wait)',
  reset: 'It has sent a RST (tcp_timeout_close)',
};

const timeouts = z
  .strictObject({
    tcp: mayBeAbsent(
      z.strictObject({
        opening: timeout(LIVES.tcp.opening, TCP.opening),
        accepting: timeout(LIVES.tcp.accepting, TCP.accepting),
        flowing: timeout(LIVES.tcp.flowing, TCP.flowing),
        closing: timeout(LIVES.tcp.closing, TCP.closing),
        reset: timeout(LIVES.tcp.reset, TCP.reset),
      }),
    ).describe('TCP, by what this host has sent last.'),
    udp: timeout(LIVES.udp, 'UDP before the first answer (udp_timeout)'),
    udpAnswered: timeout(LIVES.udpAnswered, 'UDP after it (udp_timeout_stream)'),
    icmp: timeout(LIVES.icmp, 'Pings (icmp_timeout)'),
    sctp: timeout(LIVES.sctp, 'SCTP (sctp_timeout_established)'),
    other: timeout(LIVES.other, 'Other protocols (generic_timeout)'),
  })
  .describe('Time without a packet after which a flow is over.');

export const connectionFields = z
  .strictObject({
    from: mayBeAbsent(z.enum(CONNECTION_SOURCES)).describe(
      'Where connections are looked up: `tables` of what leaves, or `conntrack` as well, for TCP and UDP that these do not know. It has to follow packets here already. Default: tables.',
    ),
    max: mayBeAbsent(wholeNumber(FEWEST_CONNECTIONS, CONNECTIONS_LIMIT)).describe(
      `Flows that the host knows at once. Default: ${MOST_CONNECTIONS}.`,
    ),
    timeouts: mayBeAbsent(timeouts),
    grace: mayBeAbsent(duration(0, GRACE_LIMIT * SECOND, '0s to 10m')).describe(
      `For how long TCP in its middle counts as established once the tables are made, on a host where nothing was recorded before; 0s: not at all. Default: ${formatDuration(GRACE * SECOND)}.`,
    ),
  })
  .describe('The connections of this host, for rules with `connection`.');

/** With the defaults filled in; seconds. */
export function toConnections({
  from,
  max = MOST_CONNECTIONS,
  timeouts: written = {},
  grace,
}: z.output<typeof connectionFields>): ConnectionSettings {
  const { tcp = {}, ...others } = written;
  return {
    max: Math.ceil(max / 4) * 4, // halves and a quarter of it are sizes of tables
    timeouts: { ...LIVES, ...inSeconds(others), tcp: { ...LIVES.tcp, ...inSeconds(tcp) } },
    ...(grace !== undefined && { grace: Math.ceil(grace / SECOND) }),
    ...(from === 'conntrack' && { from }),
  };
}

/** Rounded up. */
function inSeconds<T extends object>(ms: T): T {
  return Object.fromEntries(
    Object.entries(ms).map(([name, value]) => [name, Math.ceil(Number(value) / SECOND)]),
  ) as T;
}
