// What the tests of observe/ share.
import { createLink } from '../../src/kernel/attach.js';
import { makeDirectory } from '../../src/kernel/bpffs.js';
import { Fd } from '../../src/kernel/fd.js';
import { pinPathsOf } from '../../src/kernel/pin-paths.js';
import { linkInfo, mapInfo, pin, programId } from '../../src/kernel/pinned.js';
import type { ObservedState } from '../../src/model/observed.js';
import { observe } from '../../src/observe/observe.js';
import { loadIcmpDrop } from '../lab/programs.js';
import type { Lab } from '../lab.js';

export const DIGEST = 'a'.repeat(64);

export function look(lab: Lab): Promise<ObservedState> {
  return lab.inside(() => observe({ bpffs: lab.bpffs }));
}

/** Pins an instance of the builtin program for an interface, as apply does, and attaches it; the ids. */
export async function install(lab: Lab, name = 'veth0', digest = DIGEST) {
  const paths = pinPathsOf(lab.bpffs);
  using object = loadIcmpDrop();
  makeDirectory(paths.maps(name, digest));
  pin(object.mapFd('icmp_drops'), paths.map(name, digest, 'icmp_drops'));
  pin(object.programFd(), paths.program(name, digest));
  const ifindex = await lab.ifindex(name);
  const program = new Fd(object.programFd());
  using link = await lab.inside(() => createLink(program, ifindex, 'native'));
  pin(link.number, paths.link(name));
  const map = mapInfo(new Fd(object.mapFd('icmp_drops'))).id;
  return { program: programId(program), map, link: linkInfo(link).id, ifindex };
}
