// What `validate` says on the host itself beside what is in the files: interfaces that are there and on which a program does
// not do what it seems to.
import { type HostInterface, readHostFile } from '../desired/host/host-file.js';
import { ListReader } from '../desired/lists/lists.js';
import { namedAs, wantedFor } from '../diff/diff.js';
import { MemoryObjectStore } from '../disk/object-store.js';
import { framingOf } from '../kernel/framing.js';
import { type Link, listLinks } from '../kernel/rtnetlink.js';
import type { DesiredState } from '../model/desired.js';
import type { Diagnostic } from '../model/diagnostic.js';
import { DOUBT_HINT, doubtsOnLink, whyUnfit } from '../policy/analysis/link-fit.js';

/** `desired`: of this host. */
export function doubtsHere(stateDir: string, desired: DesiredState): Diagnostic[] {
  const lists = new ListReader(stateDir, [], new MemoryObjectStore());
  const { interfaces } = readHostFile(stateDir, desired.host, lists, []);
  return listLinks().flatMap((link) => [
    ...namedTwice(link, desired),
    ...doubtsOfFraming(link, desired, interfaces),
  ]);
}

function namedTwice(link: Link, desired: DesiredState): Diagnostic[] {
  const [first, ...others] = namedAs(desired, link);
  return others.map(({ pattern, at }) => ({
    severity: 'error',
    summary: 'interface named twice',
    detail: `${pattern} and ${first?.pattern} (${first?.at.file}:${first?.at.line}) are names of one interface here`,
    hint: 'Keep one of the two entries.',
    at,
  }));
}

function doubtsOfFraming(
  link: Link,
  desired: DesiredState,
  interfaces: readonly HostInterface[],
): Diagnostic[] {
  const framing = framingOf(link);
  const wanted = framing && wantedFor(desired, link);
  if (!wanted) return [];
  const unfit = whyUnfit({ name: link.name, framing }, wanted.program);
  const doubts = doubtsOnLink({ name: link.name, framing }, wanted.program);
  const said = unfit ? [unfit] : doubts.map((reason) => ({ reason, hint: DOUBT_HINT }));
  const written = interfaces.find(({ pattern }) => pattern === wanted.pattern);
  const place = written?.policies[0]?.place ?? written?.placeOf('file') ?? { at: wanted.at };
  return said.map(({ reason, hint }) => ({
    severity: 'warning',
    summary: 'no Ethernet header',
    detail: reason,
    hint,
    ...place,
  }));
}
