// Joins bpftool's four answers, the interface list and the pins into one observed state. Contradictions are Disagreements.
import type { LinkShow, MapShow, NetShow, ProgramShow } from '../kernel/bpftool-schema.js';
import type { NetworkInterface } from '../kernel/interfaces.js';
import type { LinkInfo } from '../kernel/pinned.js';
import type { AttachMode } from '../model/desired.js';
import { EnvironmentError } from '../model/errors.js';
import type { ObservedInterface, OwnedInterface, TcProgram, XdpAttachment } from '../model/observed.js';
import { Disagreement } from './disagreement.js';

export interface Answers {
  net: NetShow;
  programs: ProgramShow;
  maps: MapShow;
  links: LinkShow;
}

/** What is of this namespace, and what is pinned. */
export interface Own {
  interfaces: NetworkInterface[];
  owned: OwnedInterface[];
}

/** Asks the kernel about a link; `undefined` when there is none. */
type InfoOf = (linkId: number) => LinkInfo | undefined;

const MODES: Record<string, AttachMode> = { driver: 'native', generic: 'generic', offload: 'offload' };

/** The interfaces with what runs on them, in the order of the list. */
export function joinInterfaces(answers: Answers, own: Own, infoOf: InfoOf): ObservedInterface[] {
  const known = new Set(own.interfaces.map(({ ifindex }) => ifindex));
  for (const { ifindex } of [...answers.net.xdp, ...answers.net.tc]) {
    if (!known.has(ifindex)) throw new Disagreement(`interface ${ifindex} came or went`);
  }
  return own.interfaces.map(({ name, ifindex }) => ({
    name,
    ifindex,
    xdp: xdpOf(ifindex, answers, own.owned, infoOf),
    tc: tcOf(ifindex, answers, own.owned),
  }));
}

function xdpOf(ifindex: number, answers: Answers, owned: OwnedInterface[], infoOf: InfoOf): XdpAttachment[] {
  const programs = answers.net.xdp
    .filter((entry) => entry.ifindex === ifindex)
    .flatMap((entry) => ('multi_attachments' in entry ? entry.multi_attachments : [entry]));
  return programs.map(({ mode, id }) => {
    const program = answers.programs.find((one) => one.id === id);
    if (!program) throw new Disagreement(`program ${id} came or went`);
    const linkId = linkOf(ifindex, id, answers.links, owned, infoOf);
    return {
      mode: MODES[mode] ?? 'native',
      programId: id,
      programName: program.name ?? '',
      ...(linkId !== undefined && { linkId }),
    };
  });
}

/**
 * The link that holds this program on this interface. A link knows its ifindex but not its namespace, so a link of
 * another namespace may fit as well, when both run one program on one ifindex; then a pinned one is meant.
 */
function linkOf(
  ifindex: number,
  programId: number,
  links: LinkShow,
  owned: OwnedInterface[],
  infoOf: InfoOf,
): number | undefined {
  const fitting = links
    .filter(({ type, prog_id }) => type === 'xdp' && prog_id === programId)
    .map(({ id }) => infoOf(id) ?? gone(id))
    .filter((link) => link.ifindex === ifindex && link.programId === programId);
  return (fitting.find(({ id }) => owned.some(({ link }) => link?.id === id)) ?? fitting[0])?.id;
}

function gone(linkId: number): never {
  throw new Disagreement(`link ${linkId} came or went`);
}

/** Programs of others. Classic BPF filters have no program and so no id: they are not listed. */
function tcOf(ifindex: number, { net, programs }: Answers, owned: OwnedInterface[]): TcProgram[] {
  const ours = owned.flatMap(({ egress = [] }) => egress.map(({ link }) => link.programId));
  return net.tc.flatMap((entry) => {
    const programId = entry.id ?? entry.prog_id;
    if (entry.ifindex !== ifindex || programId === undefined || ours.includes(programId)) return [];
    const name = programs.find(({ id }) => id === programId)?.name ?? entry.name ?? '';
    return [{ kind: entry.kind, name, programId }];
  });
}

/** bpftool must see everything that is pinned, as what it should be. */
export function checkOwned(owned: OwnedInterface[], answers: Answers): void {
  const programs = new Set(answers.programs.map(({ id }) => id));
  const maps = new Set(answers.maps.map(({ id }) => id));
  for (const { name, link, instances, foreign } of owned) {
    const shown = answers.links.find(({ id }) => id === link?.id);
    if (link && shown?.prog_id !== link.programId) throw new Disagreement(`the link of ${name} changed`);
    if (shown && shown.type !== 'xdp') {
      throw new EnvironmentError(`the link pinned for ${name} is of type ${shown.type}, not xdp`, {
        hint: "Not xdpkeep's doing: move that pin elsewhere, or remove it.",
      });
    }
    for (const programId of [foreign?.programId, ...instances.map((one) => one.programId)]) {
      if (programId !== undefined && !programs.has(programId))
        throw new Disagreement(`program ${programId} came or went`);
    }
    for (const map of instances.flatMap((one) => one.maps)) {
      if (!maps.has(map.id)) throw new Disagreement(`map ${map.id} came or went`);
    }
  }
}
