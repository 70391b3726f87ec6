// The tables of connections, as they are pinned, and which pins are gone of maps that the recorder uses. A pin that is something else is passed
// over: what records is seen by its link.
import { join } from 'node:path';
import { isThere } from '../kernel/bpffs.js';
import type { MapShow, ProgramShow } from '../kernel/bpftool-schema.js';
import { LIVES_SECTION } from '../kernel/pin-paths.js';
import type { Pins } from '../kernel/pins.js';
import { FLOW_TABLES, RECORDED, roomBy, sizeByMark } from '../model/connections.js';
import type { LostMap, ObservedConnections, OwnedInterface } from '../model/observed.js';

interface Answers {
  programs: ProgramShow;
  maps: MapShow;
}

/** `undefined` where nothing is recorded. */
export function observeConnections(
  pins: Pins,
  owned: readonly OwnedInterface[],
  answers: Answers,
): ObservedConnections | undefined {
  const recorders = owned.flatMap(({ egress = [] }) => egress);
  const [digest, ...others] = new Set(recorders.map((one) => one.digest));
  // While there are two, each has tables of its own, and which are pinned is about to change.
  const programId = others.length === 0 ? recorders[0]?.link.programId : undefined;
  const lost = programId === undefined ? [] : lostPins(pins, programId, answers);
  const found = readPinned(pins) ?? (lost.length > 0 ? { max: sizeByMark(digest ?? '') } : undefined);
  return found && lost.length > 0 ? { ...found, lost } : found;
}

function readPinned({ objects, ...paths }: Pins): ObservedConnections | undefined {
  using table = objects.openPin(paths.connectionTable('opened'));
  if (!table || objects.kindOf(table) !== 'map') return undefined;
  const max = roomBy(objects.mapInfo(table).maxEntries);
  using lives = objects.openPin(paths.lives);
  return lives && objects.kindOf(lives) === 'map' ? { max, timeouts: objects.readLives(lives) } : { max };
}

/** Name in the kernel -> that of the pin. */
const PINS = new Map<string, string>([
  ...[...FLOW_TABLES, RECORDED].map((name): [string, string] => [name, name]),
  [LIVES_SECTION, 'lives'],
]);

function lostPins({ connections }: Pins, programId: number, { programs, maps }: Answers): LostMap[] {
  const used = programs.find(({ id }) => id === programId)?.map_ids ?? [];
  return maps.flatMap(({ id, name = '' }) => {
    const pin = used.includes(id) ? PINS.get(name) : undefined;
    return pin === undefined || isThere(join(connections, pin)) ? [] : [{ name: pin, id }];
  });
}
