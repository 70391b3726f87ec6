// What the tables of connections begin with: flows of which something was asked before anybody recorded it.
import {
  CONNECTION,
  CONNECTION_BYTES,
  type ConnectionTable,
  FLOW,
  FLOW_BYTES,
  LIVES,
  type Lives,
  type Phase,
  PHASES,
  tableOf,
} from '../model/connections.js';
import { PROTOCOLS } from '../model/names.js';
import { addConnection } from './connection-tables.js';
import { listTracked, type TrackedFlow } from './conntrack.js';
import type { Open } from './pinned.js';
import { listOpenFlows } from './sockets.js';

/** Seconds. */
const MINUTE = 60;

/**
 * Writes down the flows whose sockets are open, and those that conntrack knows where it is active. What is known already stays as it
 * is. `lives`: seconds that they are kept.
 */
export function seedConnections(tables: Record<ConnectionTable, Open>, lives: Lives = LIVES): void {
  const seen = process.hrtime.bigint();
  for (const one of [...flowsOfSockets(), ...listTracked()]) {
    const flow = flowOf(one);
    const connection = Buffer.alloc(CONNECTION_BYTES);
    connection.writeBigUInt64LE(seen, CONNECTION.seen);
    connection.writeUInt32LE(lifeOf(one, lives), CONNECTION.life);
    connection.writeUInt8(PHASES.indexOf(one.phase), CONNECTION.phase);
    connection.writeUInt8(1, CONNECTION.answered);
    if (one.phase === 'accepting')
      connection.writeUInt16LE(Math.ceil(lives.tcp.flowing / MINUTE), CONNECTION.acceptedMinutes);
    addConnection(tables[tableOf(flow.toString('latin1'))], flow, connection);
  }
}

/** struct flow (bpf/flow.h). */
export function flowOf({ protocol, remote, local }: Omit<TrackedFlow, 'phase'>): Buffer {
  const flow = Buffer.alloc(FLOW_BYTES);
  flow.set(remote.address, FLOW.remote);
  flow.set(local.address, FLOW.local);
  flow.writeUInt16BE(remote.port, FLOW.remotePort);
  flow.writeUInt16BE(local.port, FLOW.localPort);
  flow.writeUInt8(local.address.length === 4 ? 4 : 6, FLOW.family);
  flow.writeUInt8(protocol, FLOW.protocol);
  return flow;
}

function lifeOf({ protocol, phase }: TrackedFlow, lives: Lives): number {
  switch (protocol) {
    case PROTOCOLS.tcp:
      return lives.tcp[phase];
    case PROTOCOLS.udp:
      return lives.udpAnswered;
    case PROTOCOLS.sctp:
      return lives.sctp;
    case PROTOCOLS.icmp:
    case PROTOCOLS.icmpv6:
      return lives.icmp;
    default:
      return lives.other;
  }
}

function flowsOfSockets(): TrackedFlow[] {
  return listOpenFlows().flatMap(({ protocol, local, remote, state }) => {
    const phase = protocol === 'tcp' ? PHASE_OF_STATE[state] : 'flowing';
    return phase ? [{ protocol: PROTOCOLS[protocol], local, remote, phase }] : [];
  });
}

/** enum in net/tcp_states.h; listening and closed sockets are of no flow. */
const PHASE_OF_STATE: Readonly<Record<number, Phase>> = {
  1: 'flowing', // ESTABLISHED
  2: 'opening', // SYN_SENT
  3: 'accepting', // SYN_RECV
  4: 'closing', // FIN_WAIT1
  5: 'closing', // FIN_WAIT2
  6: 'closing', // TIME_WAIT
  8: 'flowing', // CLOSE_WAIT
  9: 'closing', // LAST_ACK
  11: 'closing', // CLOSING
  12: 'accepting', // NEW_SYN_RECV
};
