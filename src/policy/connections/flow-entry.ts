// One entry of a table of connections, read where it lies: struct flow and struct connection (bpf/flow.h, bpf/connections.h). There may be
// a quarter of a million of them, so that nothing is made of an entry but where somebody wants to see it.
import type { Cidr } from '../../addresses/cidr.js';
import { formatCidr } from '../../addresses/format.js';
import { maskWord } from '../../addresses/networks.js';
import {
  FLOW_STATES,
  type FlowFilter,
  type FlowState,
  type KnownFlow,
} from '../../model/connection-table.js';
import {
  CONNECTION,
  CONNECTION_BYTES,
  FLOW,
  FLOW_BYTES,
  type Phase,
  PHASES,
} from '../../model/connections.js';
import { PORT_PROTOCOLS, PROTOCOLS } from '../../model/names.js';

const NANOSECONDS = 1e9;
const UNANSWERED = PHASES.length;

/** Entries side by side, as the kernel gives them. */
export interface FlowBatch {
  flows: DataView;
  connections: DataView;
  count: number;
}

/** One entry, of which no time is known. `flow`: struct flow, a byte a character. */
export function batchOf(flow: string, { phase, answered }: { phase: Phase; answered: boolean }): FlowBatch {
  const flows = new DataView(Uint8Array.from(flow, (byte) => byte.charCodeAt(0)).buffer);
  const connections = new DataView(new ArrayBuffer(CONNECTION_BYTES));
  connections.setUint8(CONNECTION.phase, PHASES.indexOf(phase));
  connections.setUint8(CONNECTION.answered, Number(answered));
  return { flows, connections, count: 1 };
}

/** Seconds since its last packet; the kernel notes that to a second, and another processor may be ahead. `now`: ns, monotonic clock. */
export function silence({ connections }: FlowBatch, at: number, now: number): number {
  const from = at * CONNECTION_BYTES + CONNECTION.seen;
  const seen = connections.getUint32(from, true) + connections.getUint32(from + 4, true) * 2 ** 32;
  return Math.max(0, (now - seen) / NANOSECONDS);
}

/** Seconds that it is kept behind its last packet. */
export function lifeOf({ connections }: FlowBatch, at: number): number {
  return connections.getUint32(at * CONNECTION_BYTES + CONNECTION.life, true);
}

export function protocolOf({ flows }: FlowBatch, at: number): number {
  return flows.getUint8(at * FLOW_BYTES + FLOW.protocol);
}

/** Index in FLOW_STATES. */
export function stateOf(batch: FlowBatch, at: number): number {
  const from = at * CONNECTION_BYTES;
  if (protocolOf(batch, at) === PROTOCOLS.tcp)
    return Math.min(batch.connections.getUint8(from + CONNECTION.phase), UNANSWERED - 1);
  return UNANSWERED + Math.min(1, batch.connections.getUint8(from + CONNECTION.answered));
}

export function isMeant(
  batch: FlowBatch,
  at: number,
  { address, port, protocol, state }: FlowFilter,
): boolean {
  const from = at * FLOW_BYTES;
  const { flows } = batch;
  if (protocol !== undefined && protocolOf(batch, at) !== protocol) return false;
  if (state !== undefined && FLOW_STATES[stateOf(batch, at)] !== state) return false;
  if (port && !hasPort(batch, at, port)) return false;
  if (!address) return true;
  if (flows.getUint8(from + FLOW.family) !== address.family) return false;
  return holds(address, flows, from + FLOW.remote) || holds(address, flows, from + FLOW.local);
}

function hasPort(batch: FlowBatch, at: number, [low, high]: readonly [number, number]): boolean {
  if (!PORT_PROTOCOLS.includes(protocolOf(batch, at))) return false;
  return [FLOW.remotePort, FLOW.localPort].some((field) => {
    const port = batch.flows.getUint16(at * FLOW_BYTES + field);
    return port >= low && port <= high;
  });
}

function holds(network: Cidr, flows: DataView, from: number): boolean {
  const words = network.family === 4 ? [network.a] : [network.a, network.b, network.c, network.d];
  return words.every((word, index) => {
    return ((flows.getUint32(from + index * 4) ^ word) & maskWord(network.length, index * 32)) === 0;
  });
}

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(PROTOCOLS).map(([name, number]) => [number, name]),
);

/** `tcp`; a number that has no name is that number. */
export function protocolName(number: number): string {
  return PROTOCOL_NAMES.get(number) ?? String(number);
}

/** For people and programs. */
export function describeFlow(batch: FlowBatch, at: number, now: number): KnownFlow {
  const from = at * FLOW_BYTES;
  const { flows, connections } = batch;
  const protocol = protocolOf(batch, at);
  const hasPorts = PORT_PROTOCOLS.includes(protocol);
  const isEcho = protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6;
  const silent = silence(batch, at, now);
  const state: FlowState = FLOW_STATES[stateOf(batch, at)] ?? 'unanswered';
  return {
    protocol: protocolName(protocol),
    state,
    local: addressAt(flows, from, FLOW.local),
    ...((hasPorts || isEcho) && { localPort: flows.getUint16(from + FLOW.localPort) }),
    remote: addressAt(flows, from, FLOW.remote),
    ...(hasPorts && { remotePort: flows.getUint16(from + FLOW.remotePort) }),
    answered: connections.getUint8(at * CONNECTION_BYTES + CONNECTION.answered) !== 0,
    silent: Math.round(silent),
    left: Math.max(0, Math.round(lifeOf(batch, at) - silent)),
  };
}

function addressAt(flows: DataView, from: number, field: number): string {
  return formatCidr(addressOf(flows, from + field, flows.getUint8(from + FLOW.family) === 6 ? 6 : 4));
}

function addressOf(flows: DataView, from: number, family: 4 | 6): Cidr {
  const [a = 0, b = 0, c = 0, d = 0] = [0, 4, 8, 12].map((at) => flows.getUint32(from + at));
  return family === 4 ? { family, a, b: 0, c: 0, d: 0, length: 32 } : { family, a, b, c, d, length: 128 };
}
