// The effects on the recorder of an interface, and on the tables that it shares with the rules that ask.
// Where tables are made anew, those before stay beside them until the last program that uses them is gone: so a step can be undone.
import { exchange, isThere, listEntries, makeDirectory, remove } from '../kernel/bpffs.js';
import { decodeName, EGRESS, LIVES_SECTION } from '../kernel/pin-paths.js';
import type { Pins } from '../kernel/pins.js';
import {
  entriesOf,
  type ConnectionTable,
  GRACE,
  FLOW_TABLES,
  type Lives,
  RECORDED,
  sizeByMark,
} from '../model/connections.js';
import type { RecordStep } from '../model/step.js';
import type { Candidate } from '../prove/candidate.js';
import { effect } from './failpoint.js';

/** Attaches the recorder beside a former one, if there is one, so that nothing leaves unseen. */
export function record(
  pins: Pins,
  name: string,
  { ifindex, digest, connections: { timeouts, grace = GRACE } }: RecordStep,
  recorder: Candidate | undefined,
): void {
  if (!recorder) throw new Error(`no recorder was proven for ${name}`);
  const { object } = recorder;
  effect('record', () => {
    const path = pins.egress(name, digest);
    using there = pins.objects.openPin(path);
    if (there && pins.objects.egressInfo(there, { name, digest }).ifindex === ifindex) return;
    dropEgress(pins, name, digest);
    makeDirectory(pins.connections);
    if (recorder.grace && !isThere(pins.grace)) {
      // Before the tables: whoever finds these does not open it again.
      if (grace > 0) pins.objects.openGrace(recorder.grace, grace);
      pins.objects.pin(recorder.grace.number, pins.grace);
    }
    for (const table of FLOW_TABLES) pinTable(pins, table, object.mapFd(table));
    if (!isThere(pins.lives)) pins.objects.pin(object.mapFd(LIVES_SECTION), pins.lives);
    pinTable(pins, RECORDED, object.mapFd(RECORDED));
    pins.objects.writeLives({ number: object.mapFd(LIVES_SECTION) }, timeouts);
    makeDirectory(pins.interface(name));
    pins.objects.attachEgress({ number: object.programFd() }, ifindex, path, digest);
    // Once more, now that nothing leaves unseen: sockets were opened since the tables were made, and flows were written into those before.
    const tables = {
      opened: { number: object.mapFd('opened') },
      served: { number: object.mapFd('served') },
      begun: { number: object.mapFd('begun') },
    };
    pins.objects.seedConnections(tables, timeouts);
    for (const table of FLOW_TABLES) {
      using former = pins.objects.openPin(pins.formerTable(table));
      if (former) pins.objects.carryConnections(former, { number: object.mapFd(table) });
    }
  });
}

/** Makes this the table of the host; another one steps aside. */
function pinTable(pins: Pins, table: ConnectionTable | typeof RECORDED, map: number): void {
  const path = table === RECORDED ? pins.recorded : pins.connectionTable(table);
  using there = pins.objects.openPin(path);
  if (!there) {
    pins.objects.pin(map, path);
    return;
  }
  if (pins.objects.mapInfo(there).id === pins.objects.mapInfo({ number: map }).id) return;
  const aside = pins.formerTable(table);
  remove(aside);
  pins.objects.pin(map, aside);
  exchange(aside, path);
}

/** Changes for how long flows are kept, under all programs that record. */
export function retime(pins: Pins, timeouts: Lives): void {
  effect('record', () => {
    using map = pins.objects.openPin(pins.lives);
    if (map) pins.objects.writeLives(map, timeouts);
  });
}

/** Removes the recorder of a step that was undone. */
export function stopRecording(pins: Pins, name: string, digest: string): void {
  effect('clean', () => {
    dropEgress(pins, name, digest);
    settleTables(pins);
  });
}

/** Removes all recorders of an interface but `keep`, and the tables with the last recorder of the host. */
export function forgetOthers(pins: Pins, name: string, keep: string | undefined): void {
  effect('clean', () => {
    for (const digest of digestsOf(pins, name)) if (digest !== keep) dropEgress(pins, name, digest);
    settleTables(pins);
  });
}

/** The tables go with the last program that fills them; of two sizes one stays, once one is in use. */
export function settleTables(pins: Pins): void {
  const names = listEntries(pins.interfaces).map((entry) => decodeName(entry.name) ?? entry.name);
  const [digest, ...others] = new Set(names.flatMap((name) => digestsOf(pins, name)));
  if (digest === undefined) remove(pins.connections);
  else if (others.length === 0)
    for (const table of FLOW_TABLES) settle(pins, table, entriesOf(table, sizeByMark(digest)));
}

function settle(pins: Pins, table: ConnectionTable, entries: number): void {
  const [path, aside] = [pins.connectionTable(table), pins.formerTable(table)];
  using former = pins.objects.openPin(aside);
  if (!former) return;
  using there = pins.objects.openPin(path);
  const isRight = there && pins.objects.mapInfo(there).maxEntries === entries;
  const isBack = !isRight && pins.objects.mapInfo(former).maxEntries === entries;
  if (table === 'opened') settleCount(pins, isBack);
  if (isBack) exchange(aside, path);
  remove(aside);
}

/** What is counted goes with the tables of which it is. */
function settleCount(pins: Pins, isBack: boolean): void {
  const aside = pins.formerTable(RECORDED);
  if (isBack && isThere(aside)) exchange(aside, pins.recorded);
  remove(aside);
}

/** Detaches it and removes its pin, in this order: what is pinned tells what is attached. */
export function dropEgress(pins: Pins, name: string, digest: string): void {
  const path = pins.egress(name, digest);
  using pinned = pins.objects.openPin(path);
  if (pinned) pins.objects.detachEgress(pinned, { name, digest });
  remove(path);
}

function digestsOf(pins: Pins, name: string): string[] {
  return listEntries(pins.interface(name)).flatMap((entry) =>
    entry.name.startsWith(EGRESS) ? [entry.name.slice(EGRESS.length)] : [],
  );
}
