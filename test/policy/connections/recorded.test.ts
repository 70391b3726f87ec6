// What the program at the way out counts, with packets that leave through it and real tables that are too small for them.
// needs: lab
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  countEntries,
  createConnectionTable,
  readConnections,
  removeConnection,
} from '../../../src/kernel/connection-tables.js';
import { loadEgress } from '../../../src/kernel/egress.js';
import { libbpf } from '../../../src/kernel/ffi.js';
import { mapCalls } from '../../../src/kernel/ffi-maps.js';
import { addRemoved, createRecorded, readRecorded } from '../../../src/kernel/recorded.js';
import { CONNECTION_BYTES } from '../../../src/model/connections.js';
import { PROTOCOLS, TCP_FLAGS } from '../../../src/model/names.js';
import { forgottenOf } from '../../../src/policy/connections/pressure.js';
import { buildPacket } from '../../../src/policy/packet/build-packet.js';
import { ip } from '../../lab/traffic.js';

const ENTRIES = 4096;

class Recorder implements Disposable {
  readonly opened = createConnectionTable('opened', ENTRIES);
  readonly served = createConnectionTable('served', ENTRIES);
  readonly begun = createConnectionTable('begun', ENTRIES);
  readonly #fragments = createConnectionTable('fragments', ENTRIES);
  readonly #grace = createConnectionTable('grace', 1);
  readonly recorded;
  readonly #egress;

  constructor(before = { opened: 0, served: 0, begun: 0 }) {
    this.recorded = createRecorded(before);
    const { opened, served, begun, recorded } = this;
    const maps = { opened, served, begun, recorded, fragments: this.#fragments, grace: this.#grace };
    this.#egress = loadEgress(readFileSync('dist/bpf/egress.bpf.o'), 'egress', maps, undefined);
  }

  leave(protocol: number, sourcePort: number, destinationPort: number, tcpFlags?: number): void {
    const frame = buildPacket({
      source: ip('192.0.2.2'),
      destination: ip('192.0.2.1'),
      ...{ protocol, sourcePort, destinationPort },
      ...(tcpFlags !== undefined && { tcpFlags }),
    });
    const opts = { sz: 80, data_in: frame, data_size_in: frame.length, repeat: 1, retval: 0 };
    expect(libbpf().testRun(this.#egress.programFd(), opts)).toBe(0);
  }

  /** Makes everything that is in a table over. */
  age(): void {
    for (const batch of readConnections(this.opened)) {
      for (let at = 0; at < batch.count; at++) {
        const key = new Uint8Array(batch.flows.buffer, batch.flows.byteOffset + at * 40, 40);
        expect(mapCalls().update(this.opened.number, key, new Uint8Array(CONNECTION_BYTES), 0n)).toBe(0);
      }
    }
  }

  [Symbol.dispose](): void {
    for (const one of [
      this.#egress,
      this.opened,
      this.served,
      this.begun,
      this.#fragments,
      this.#grace,
      this.recorded,
    ])
      one[Symbol.dispose]();
  }
}

it('counts each flow once, and what made room to the last one', () => {
  using recorder = new Recorder();
  const { opened, served, recorded } = recorder;
  for (let at = 0; at < 3 * ENTRIES; at++) recorder.leave(PROTOCOLS.udp, 40_000 + (at >> 8), 1 + (at & 255));
  const { flows, removed } = readRecorded(recorded, 'opened');
  const present = countEntries(opened);
  expect([flows, removed]).toEqual([3 * ENTRIES, 0]);
  expect(present).toBeLessThanOrEqual(ENTRIES);
  expect(forgottenOf(flows, removed, present)).toBe(3 * ENTRIES - present);
  expect(readRecorded(recorded, 'served').flows).toBe(0);

  recorder.leave(PROTOCOLS.sctp, 53, 40_000);
  recorder.leave(PROTOCOLS.sctp, 53, 40_000);
  expect(readRecorded(recorded, 'served').flows, 'known already').toBe(1);
  expect(countEntries(served)).toBe(1);
});

it('one that was over is written anew in its place; what operators removed made no room', () => {
  using recorder = new Recorder();
  const { opened, recorded } = recorder;
  for (let at = 0; at < 100; at++) recorder.leave(PROTOCOLS.udp, 40_000, 1 + at);
  recorder.age();
  for (let at = 0; at < 100; at++) recorder.leave(PROTOCOLS.udp, 40_000, 1 + at);
  expect(readRecorded(recorded, 'opened').flows).toBe(100);
  let gone = 0;
  for (const batch of readConnections(opened))
    for (let at = 0; at < Math.min(30, batch.count); at++) if (removeConnection(opened, batch, at)) gone++;
  addRemoved(recorded, 'opened', gone - 10);
  addRemoved(recorded, 'opened', 10);
  const { flows, removed } = readRecorded(recorded, 'opened');
  expect([flows, removed, forgottenOf(flows, removed, countEntries(opened))]).toEqual([100, 30, 0]);
});

it('TCP that is found in its middle is revived; what was there before the count began is counted', () => {
  using recorder = new Recorder({ opened: 7, served: 0, begun: 0 });
  const { syn, ack, fin, rst } = TCP_FLAGS;
  for (const flags of [syn, rst]) recorder.leave(PROTOCOLS.tcp, 40_000, 1 + flags, flags);
  expect(readRecorded(recorder.recorded, 'opened')).toEqual({ flows: 8, revived: 0, removed: 0 });
  for (const flags of [ack, fin | ack]) recorder.leave(PROTOCOLS.tcp, 40_001, 1 + flags, flags);
  recorder.leave(PROTOCOLS.udp, 40_001, 9);
  expect(readRecorded(recorder.recorded, 'opened')).toEqual({ flows: 11, revived: 2, removed: 0 });
});

it('what is only begun is counted apart; what goes on to where it stays made no room', () => {
  using recorder = new Recorder();
  const { begun, served, recorded } = recorder;
  const { syn, ack } = TCP_FLAGS;
  for (let port = 1; port <= 5; port++) recorder.leave(PROTOCOLS.tcp, 22, port, syn | ack);
  expect([countEntries(begun), countEntries(served)]).toEqual([5, 0]);
  for (let port = 1; port <= 3; port++) recorder.leave(PROTOCOLS.tcp, 22, port, ack);
  expect([countEntries(begun), countEntries(served)]).toEqual([2, 3]);
  expect(readRecorded(recorded, 'begun')).toEqual({ flows: 5, revived: 0, removed: 3 });
  expect(readRecorded(recorded, 'served').flows).toBe(3);
});
