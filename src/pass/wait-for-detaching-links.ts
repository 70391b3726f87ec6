// Waits a moment for links that the kernel is still detaching. A link that lost its pin is freed on a work queue (in older kernels after
// a grace period); until then its program runs on, and looks like a foreign one. The journal tells them apart: it says which program we
// attached to the interface last. Passes without such a program do not wait.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from './host.js';
import { lastInstances } from '../journal/intents.js';
import { recordedProgram } from '../journal/running.js';
import type { ObservedState, XdpAttachment } from '../model/observed.js';
import type { JournalRecord } from '../model/record.js';

const ATTEMPTS = 50;
/** Milliseconds between two of them. */
const PAUSE = 5;

type Leaving = XdpAttachment & { ifindex: number };

/** `seen`, or, where something of ours was about to go and went, what `observe` sees after that. */
export async function waitForDetachingLinks(
  seen: ObservedState,
  { dataDir, pins, observe }: Pick<Host, 'dataDir' | 'pins' | 'observe'>,
  records: readonly JournalRecord[],
): Promise<ObservedState> {
  const leaving = findLeaving(seen, dataDir, records);
  if (leaving.length === 0) return seen;
  const isThere = ({ ifindex, mode, programId }: Leaving) =>
    pins.objects.attachedProgram(ifindex, mode) === programId;
  for (let attempt = 1; leaving.some(isThere); attempt++) {
    if (attempt === ATTEMPTS) return seen; // another process holds the link
    await sleep(PAUSE);
  }
  return observe();
}

/** Attachments that no pin of ours holds, of a program with the name of what we attached there last. */
function findLeaving(
  { interfaces, owned, boot, netns }: ObservedState,
  dataDir: string,
  records: readonly JournalRecord[],
): Leaving[] {
  const held = new Set(owned.flatMap(({ link }) => link?.id ?? []));
  const loose = interfaces.flatMap(({ ifindex, xdp }) =>
    xdp
      .filter(({ linkId }) => linkId === undefined || !held.has(linkId))
      .map((one): Leaving => ({ ...one, ifindex })),
  );
  if (loose.length === 0) return []; // the usual case
  const last = lastInstances(records, { boot, netns });
  return loose.filter(({ ifindex, programName }) => {
    const digest = last.get(ifindex);
    const name = digest === undefined ? undefined : recordedProgram(dataDir, digest)?.function;
    return name?.slice(0, LONGEST_NAME) === programName;
  });
}

/** Characters of a program's name in the kernel: BPF_OBJ_NAME_LEN of uapi/linux/bpf.h, without the NUL. */
const LONGEST_NAME = 15;
