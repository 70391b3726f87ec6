// Looks at the kernel and changes nothing: bpftool's answers, the interface list and the pins, joined into one state
// that was true at one moment. What cannot be read is an error, never an absence.
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { isBpffs } from '../kernel/bpffs.js';
import { bootId } from '../kernel/boot.js';
import { findBpftool, showLinks, showMaps, showNet, showPrograms } from '../kernel/bpftool.js';
import { listInterfaces, netnsInode } from '../kernel/interfaces.js';
import { type LinkInfo, linkInfo, openLink } from '../kernel/pinned.js';
import { pinsOf } from '../kernel/pins.js';
import type { ObservedState } from '../model/observed.js';
import { observeConnections } from './connection-tables.js';
import { withDevices } from './devices.js';
import { Disagreement, restless } from './disagreement.js';
import { type Own, checkOwned, joinInterfaces } from './join.js';
import { withUnpinnedMaps } from './unpinned-maps.js';
import { readOwnedOnce } from './owned.js';

export interface ObserveOptions {
  /** A bpffs mount; one that is absent or no bpffs holds nothing of ours. */
  bpffs: string;
}

const ATTEMPTS = 5;
/** Milliseconds before the second attempt; longer before each later one. */
const PAUSE = 20;

/** Throws an EnvironmentError when the kernel cannot be read, or does not stand still for long enough. */
export async function observe(options: ObserveOptions): Promise<ObservedState> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await look(options.bpffs);
    } catch (error) {
      if (!(error instanceof Disagreement)) throw error;
      if (attempt === ATTEMPTS) throw restless(error);
      await sleep(PAUSE * attempt);
    }
  }
}

/** Milliseconds. */
const FRESH = 1000;

/**
 * Begins to look while the caller does something else, and answers when it is called: with what was seen, or, where that
 * is not fresh any more, with another look.
 */
export function lookAhead(look: () => Promise<ObservedState>): () => Promise<ObservedState> {
  const started = performance.now();
  const looking = look();
  looking.catch(() => undefined); // who asks for the answer gets the error
  return () => (performance.now() - started < FRESH ? looking : look());
}

async function look(bpffs: string): Promise<ObservedState> {
  const bpftool = findBpftool();
  const own = lookAtOwn(bpffs);
  const asked = [showNet(bpftool), showPrograms(bpftool), showMaps(bpftool), showLinks(bpftool)] as const;
  // When one fails the others are waited for: one that hangs as well has still to be ended.
  await Promise.allSettled(asked);
  const [net, programs, maps, links] = await Promise.all(asked);
  const answers = { net, programs, maps, links };
  checkOwned(own.owned, answers);
  const interfaces = withDevices(joinInterfaces(answers, own, infoOfLink));
  // A swap meanwhile would show an old program beside a new link: as a foreign one.
  if (!isDeepStrictEqual(own, lookAtOwn(bpffs))) throw new Disagreement('pins or interfaces changed');
  const owned = own.owned.map((one) => withUnpinnedMaps(one, answers));
  const connections = isBpffs(bpffs) ? observeConnections(pinsOf(bpffs), owned, answers) : undefined;
  return { boot: bootId(), netns: netnsInode(), interfaces, owned, ...(connections && { connections }) };
}

function lookAtOwn(bpffs: string): Own {
  return { interfaces: listInterfaces(), owned: readOwnedOnce(bpffs) };
}

function infoOfLink(id: number): LinkInfo | undefined {
  using link = openLink(id);
  return link && linkInfo(link);
}
