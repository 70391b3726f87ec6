// Finds maps that a pinned program uses and whose own pins were removed by hand.
import { SET_NAME } from '../kernel/sets.js';
import type { MapShow, ProgramShow } from '../kernel/bpftool-schema.js';
import { PINNED_SECTIONS } from '../kernel/pin-paths.js';
import type { ObservedInstance, OwnedInterface } from '../model/observed.js';

interface Answers {
  programs: ProgramShow;
  maps: MapShow;
}

export function withUnpinnedMaps(owned: OwnedInterface, answers: Answers): OwnedInterface {
  const { counters, blocks } = owned;
  return {
    ...owned,
    instances: owned.instances.map((one) => withLost(one, counters?.id, blocks?.id, answers)),
  };
}

function withLost(
  instance: ObservedInstance,
  counters: number | undefined,
  blocks: number | undefined,
  { programs, maps }: Answers,
): ObservedInstance {
  const isPolicy = counters !== undefined;
  const used = programs.find(({ id }) => id === instance.programId)?.map_ids ?? [];
  const lost = used
    .filter((id) => id !== counters && id !== blocks && !instance.maps.some((map) => map.id === id))
    .map((id) => ({ id, name: maps.find((map) => map.id === id)?.name ?? '' }))
    // Those of a policy have pins, though the compiler made them; only a policy has counters.
    .map(({ id, name }) => ({ id, name: (isPolicy ? PINNED_SECTIONS.get(name) : undefined) ?? name }))
    // Maps of the compiler have dots, and no pins. A set of addresses is found by its content when it is needed again.
    .filter(({ name }) => name !== '' && name !== SET_NAME && !name.includes('.'));
  return lost.length === 0 ? instance : { ...instance, lost };
}
