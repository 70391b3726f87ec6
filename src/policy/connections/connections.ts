// What a host knows of its connections, and so what a packet that comes in is to them. The reference for bpf/egress.bpf.c (`record`) and
// bpf/connection_state.h (`connectionOf`, `letRestIn`), by the same names. Tables of the kernel forget what they have no room for;
// these forget nothing before its time. The grace window is left out: tests and questions are decided as if it were over.
import { type Connection, LIVES, type Phase, REASSEMBLY } from '../../model/connections.js';
import { PROTOCOLS, TCP_FLAGS } from '../../model/names.js';
import type { ConnectionState } from '../../model/policy.js';
import { type FlowKind, localOf, readFrame, readPacket, type Reading } from './read-flow.js';

const { syn, ack, rst, fin, urg } = TCP_FLAGS;
const DECISIVE = syn | ack | rst | fin;
/** Flags that a packet of a connection can have: anything else is a scan. Those of conntrack (tcp_valid_flags). */
const SOUND: ReadonlySet<number> = new Set([
  ...[syn, syn | urg, syn | ack, ack, ack | urg, fin | ack, fin | ack | urg, rst, rst | ack],
]);
const RECORDED: ReadonlySet<FlowKind> = new Set(['tcp', 'ports', 'echo-request', 'addresses']);
const ANSWERS: ReadonlySet<FlowKind> = new Set(['tcp', 'ports', 'echo-reply', 'addresses']);
/** Bytes of an ICMP error in front of what it quotes. */
const ERROR_BYTES = 8;

/** What a host knows, by the names of a Reading; `undefined` where it knows nothing. */
interface Known {
  connection: (flow: string) => Connection | undefined;
  /** What the first fragment of a datagram was. */
  datagram: (datagram: string) => ConnectionState | undefined;
  /** Does conntrack follow it? Asked about what is not known; absent where nobody asks conntrack. */
  tracked?: (flow: string) => boolean;
}

/** What a frame is, and by whose word. */
interface Found {
  state: ConnectionState;
  /** The one that it keeps alive or completes. */
  connection?: Connection;
  isAccepted?: boolean;
  /** It is established or related, because conntrack knows its flow. */
  byConntrack?: true;
}

const NOTHING: Known = { connection: () => undefined, datagram: () => undefined };

/** `undefined` for a frame that is not IP. */
export function connectionOf(frame: Uint8Array, known: Known): Found | undefined {
  const reading = readFrame(frame, 'incoming');
  if (!reading) return undefined;
  if (reading.kind === 'error') return stateOfError(frame, reading, known);
  if (reading.kind === 'later-fragment') return { state: stateOfRest(reading, known) };
  const connection = ANSWERS.has(reading.kind) ? known.connection(reading.flow) : undefined;
  if (!connection) return stateBeyondTables(reading, known);
  const state = stateOfMember(reading, connection);
  if (state !== 'established') return { state };
  return { state, connection, isAccepted: isAccepted(reading, connection) };
}

/** What a packet is to a host that knows no connection; `undefined` for a frame that is not IP. */
export function stateIfNothingIsKnown(frame: Uint8Array): ConnectionState | undefined {
  return connectionOf(frame, NOTHING)?.state;
}

interface Remembered extends Connection {
  /** Seconds. */
  seen: number;
  life: number;
}

export class Connections {
  readonly #known = new Map<string, Remembered>();
  readonly #datagrams = new Map<string, { state: ConnectionState; seen: number }>();

  /** `frame` leaves. `now`: seconds on any clock. A connection that was lost is found again by whatever leaves in it, but for its end. */
  record(frame: Uint8Array, now: number): void {
    const reading = readFrame(frame, 'outgoing');
    if (!reading || !RECORDED.has(reading.kind)) return;
    const known = this.#find(reading.flow, now);
    const phase = reading.kind === 'tcp' ? phaseAfter(reading.tcpFlags, known) : 'flowing';
    if (!known && phase === 'reset') return;
    const answered = known?.answered ?? false;
    this.#known.set(reading.flow, { phase, answered, seen: now, life: lifeOf(reading, phase, answered) });
  }

  /** What an incoming frame is; one that belongs to a connection keeps it alive. */
  stateOf(frame: Uint8Array, now: number): ConnectionState | undefined {
    const found = connectionOf(frame, {
      connection: (flow) => this.#find(flow, now),
      datagram: (datagram) => this.#findDatagram(datagram, now),
    });
    if (found?.connection) Object.assign(found.connection, { answered: true, seen: now });
    if (found?.connection && found.isAccepted) Object.assign(found.connection, { life: LIVES.tcp.flowing });
    return found?.state;
  }

  /**
   * To be called when a rule that asks about the connection did not drop this incoming frame: if it is a first fragment, the rest of its
   * datagram may follow. Of strangers nothing is noted: who cannot forge an answer cannot push others out of the table.
   */
  letRestIn(frame: Uint8Array, state: ConnectionState, now: number): void {
    const reading = readFrame(frame, 'incoming');
    if (reading?.datagram === undefined || reading.kind === 'later-fragment') return;
    if (state === 'established' || state === 'related')
      this.#datagrams.set(reading.datagram, { state, seen: now });
  }

  #findDatagram(datagram: string, now: number): ConnectionState | undefined {
    const found = this.#datagrams.get(datagram);
    return found && now - found.seen <= REASSEMBLY ? found.state : undefined;
  }

  #find(flow: string, now: number): Remembered | undefined {
    const found = this.#known.get(flow);
    return found && now - found.seen <= found.life ? found : undefined;
  }
}

/** An error is about a packet that this host has sent, which it quotes, and goes to whoever sent that. */
function stateOfError(frame: Uint8Array, reading: Reading, known: Known): Found {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const { kind, flow } = readPacket(view, reading.at + ERROR_BYTES, 'outgoing');
  if (kind === 'none' || kind === 'error' || kind === 'later-fragment') return { state: 'invalid' };
  if (localOf(flow) !== localOf(reading.flow)) return { state: 'invalid' };
  if (known.connection(flow)) return { state: 'related' };
  return known.tracked?.(flow) ? { state: 'related', byConntrack: true } : { state: 'invalid' };
}

/** Of a packet of a flow that is in no table. */
function stateBeyondTables(reading: Reading, { tracked }: Known): Found {
  if (mayBeTracked(reading) && tracked?.(reading.flow)) return { state: 'established', byConntrack: true };
  return { state: stateOfStranger(reading) };
}

/** A SYN is new, as it is in a flow that is known. */
function mayBeTracked({ kind, tcpFlags }: Reading): boolean {
  return kind === 'ports' || (kind === 'tcp' && isSound(tcpFlags) && !opens(tcpFlags));
}

function isSound(flags: number): boolean {
  return SOUND.has(flags & (DECISIVE | urg));
}

/** A later fragment is what the first one was. One that overtakes it is invalid. */
function stateOfRest({ datagram }: Reading, known: Known): ConnectionState {
  return datagram === undefined ? 'invalid' : (known.datagram(datagram) ?? 'invalid');
}

/** Does a packet that opens a connection carry these flags? */
function opens(flags: number): boolean {
  return (flags & DECISIVE) === syn;
}

function phaseAfter(flags: number, known: Connection | undefined): Phase {
  if (flags & rst) return 'reset';
  // Where both open at once, each answers the SYN of the other, which may come again.
  if (flags & syn) return flags & ack && known?.phase !== 'opening' ? 'accepting' : 'opening';
  if (flags & fin) return 'closing';
  return known?.phase === 'closing' ? 'closing' : 'flowing';
}

function lifeOf({ kind, protocol }: Reading, phase: Phase, answered: boolean): number {
  switch (kind) {
    case 'tcp':
      return LIVES.tcp[phase];
    case 'ports':
      if (protocol === PROTOCOLS.sctp) return LIVES.sctp;
      return answered ? LIVES.udpAnswered : LIVES.udp;
    case 'echo-request':
      return LIVES.icmp;
    default:
      return LIVES.other;
  }
}

/** Does the other end answer SYN and ACK? */
function isAccepted({ kind, tcpFlags }: Reading, { phase }: Connection): boolean {
  return kind === 'tcp' && phase === 'accepting' && (tcpFlags & (ack | rst)) === ack;
}

/** Of a packet of no connection that is known. */
function stateOfStranger({ kind, tcpFlags }: Reading): ConnectionState {
  switch (kind) {
    case 'tcp':
      return opens(tcpFlags) ? 'new' : 'invalid';
    case 'ports':
    case 'echo-request':
    case 'other-icmp':
    case 'addresses':
      return 'new';
    default:
      return 'invalid';
  }
}

/** Of a packet of a connection that is known. A SYN asks for another one, unless both sides open at once. */
function stateOfMember({ kind, tcpFlags }: Reading, { phase }: Connection): ConnectionState {
  if (kind !== 'tcp') return 'established';
  if (opens(tcpFlags)) return phase === 'opening' ? 'established' : 'new';
  return isSound(tcpFlags) ? 'established' : 'invalid';
}
