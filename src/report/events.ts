// Packets that were seen, one line each: for people, or as JSON.
import { noteWords } from '../model/rule-notes.js';
import type { PacketHeaders, SeenPacket } from '../model/sample.js';
import { type Paint, printable } from './style.js';

/** `2026-11-26 03:14:15.926535 veth0 no-ping drop: icmp 192.0.2.1 -> 192.0.2.2 type 8, 98 bytes`; times are UTC. Where a rule asked, the state of the connection stands in front of the packet. */
export function renderEvent(packet: SeenPacket, text: string, paint: Paint): string {
  const { verdict, fate, rule, connection, length, notes } = packet;
  const decided = paint(COLORS[verdict] ?? 'yellow', verdict);
  const words = [
    isoTime(packet.time, 6).replace('T', ' ').slice(0, -1),
    printable(packet.interface),
    ...(rule === undefined ? [] : [printable(rule)]),
    fate === undefined ? decided : `${decided} (audit: ${fate})`,
  ];
  const state = connection === undefined ? '' : ` ${connection},`;
  const behind = notes ? ` (${printable(noteWords(notes))})` : '';
  return `${words.join(' ')}:${state} ${printable(text)}, ${length} bytes${behind}\n`;
}

const COLORS: Record<string, 'red' | 'green' | undefined> = { drop: 'red', pass: 'green' };

/** The record of a stream; `frame` is hex and may be shorter than `length`. */
export function packetRecord(
  kind: 'Event' | 'Packet',
  packet: SeenPacket,
  text: string,
  headers: PacketHeaders,
): object {
  const { time, frame, ...rest } = packet;
  return {
    kind,
    time: isoTime(time, 9),
    ...rest,
    packet: headers,
    text,
    frame: Buffer.from(frame).toString('hex'),
  };
}

/** ns since 1970 as `2026-11-26T03:14:15.926535Z`, with so many digits of the second. */
function isoTime(time: bigint, digits: number): string {
  const second = 1_000_000_000n;
  const whole = new Date(Number(time / second) * 1000).toISOString().slice(0, 19);
  const fraction = (time % second).toString().padStart(9, '0').slice(0, digits);
  return `${whole}.${fraction}Z`;
}
