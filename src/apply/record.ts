// The effects on the recorder of an interface, and on the tables that it shares with the rules that ask.
import { isThere, listEntries, makeDirectory, remove } from '../kernel/bpffs.js';
import { decodeName, EGRESS } from '../kernel/pin-paths.js';
import type { Pins } from '../kernel/pins.js';
import { CONNECTION_TABLES } from '../model/connections.js';
import type { RecordStep } from '../model/step.js';
import type { Candidate } from '../prove/candidate.js';
import { effect } from './failpoint.js';

/** Attaches the recorder beside a former one, if there is one, so that nothing leaves unseen. */
export function record(
  pins: Pins,
  name: string,
  { ifindex, digest }: RecordStep,
  recorder: Candidate | undefined,
): void {
  if (!recorder) throw new Error(`no recorder was proven for ${name}`);
  effect('record', () => {
    const path = pins.egress(name, digest);
    using there = pins.objects.openPin(path);
    if (there && pins.objects.linkInfo(there).ifindex === ifindex) return;
    remove(path);
    makeDirectory(pins.connections);
    for (const table of CONNECTION_TABLES) {
      const pin = pins.connectionTable(table);
      if (!isThere(pin)) pins.objects.pin(recorder.object.mapFd(table), pin);
    }
    using link = pins.objects.createEgressLink({ number: recorder.object.programFd() }, ifindex);
    makeDirectory(pins.interface(name));
    pins.objects.pin(link.number, path);
    // Once more, now that nothing leaves unseen: sockets were opened since the tables were made.
    const { object } = recorder;
    pins.objects.seedConnections({
      opened: { number: object.mapFd('opened') },
      served: { number: object.mapFd('served') },
    });
  });
}

/** Removes the recorder of a step that was undone. */
export function stopRecording(pins: Pins, name: string, digest: string): void {
  effect('clean', () => {
    drop(pins, pins.egress(name, digest));
    removeTables(pins);
  });
}

/** Removes all recorders of an interface but `keep`, and the tables with the last recorder of the host. */
export function forgetOthers(pins: Pins, name: string, keep: string | undefined): void {
  effect('clean', () => {
    for (const digest of digestsOf(pins, name)) if (digest !== keep) drop(pins, pins.egress(name, digest));
    removeTables(pins);
  });
}

/** Removes the tables once no interface has a recorder, which fills them. */
export function removeTables(pins: Pins): void {
  const names = listEntries(pins.interfaces).map((entry) => decodeName(entry.name) ?? entry.name);
  if (names.every((name) => digestsOf(pins, name).length === 0)) remove(pins.connections);
}

function drop(pins: Pins, path: string): void {
  using link = pins.objects.openPin(path);
  remove(path);
  if (link) pins.objects.detachLink(link);
}

function digestsOf(pins: Pins, name: string): string[] {
  return listEntries(pins.interface(name)).flatMap((entry) =>
    entry.name.startsWith(EGRESS) ? [entry.name.slice(EGRESS.length)] : [],
  );
}
