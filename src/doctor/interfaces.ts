// Checks each interface that is ours or named by the state files: its device, whether it can run the program natively, and
// whose XDP program is on it.
import { describeDevice, type Device } from '../kernel/device.js';
import { readElf } from '../kernel/elf.js';
import { framingOf } from '../kernel/framing.js';
import { deviceWords } from '../kernel/native-refusal.js';
import { type XdpFeatures, xdpFeatures } from '../kernel/netdev.js';
import { type Link, listLinks } from '../kernel/rtnetlink.js';
import { wantedFor } from '../diff/diff.js';
import { DOUBT_HINT, doubtsOnLink, whyUnfit } from '../policy/analysis/link-fit.js';
import { goesBy } from '../model/altnames.js';
import type { DesiredInterface, DesiredProgram, DesiredState } from '../model/desired.js';
import type { Check } from '../model/doctor.js';
import { asksForTags, HIDDEN_TAGS, showTags } from '../model/hidden-tags.js';
import {
  firewallAsksOfMerged,
  MERGED_PACKETS,
  runsGeneric,
  showPackets,
  type XdpHere,
} from '../model/merged-packets.js';
import type { ObjectStore } from '../model/object-store.js';
import { isGlob } from '../text/glob.js';
import { type Framing, ONE_PAGE, type ObservedState } from '../model/observed.js';
import { type Answer, check, failure, ok, unknown, warning } from './check.js';

export interface Seen {
  /** Where the programs of `desired` are. */
  objects: ObjectStore;
  /** Absent when the state files cannot be used. */
  desired?: DesiredState;
  /** Absent when this process may not look. */
  observed?: ObservedState;
  /** Ifindex -> why native mode was refused when our link was made there. */
  fellBackBecause: ReadonlyMap<number, string>;
}

export async function checkInterfaces(seen: Seen): Promise<Check[]> {
  const { desired, observed } = seen;
  const present = listLinks();
  const literal =
    desired?.interfaces
      .filter(({ pattern }) => !isGlob(pattern))
      .map(({ pattern }) => present.find((one) => goesBy(one, pattern))?.name ?? pattern) ?? [];
  const matched = present.filter((one) => desired && wantedFor(desired, one)).map(({ name }) => name);
  const owned = observed?.owned.map(({ name }) => name) ?? [];
  const names = [...new Set([...literal, ...matched, ...owned])];
  const checks = await Promise.all(
    names.map((name) => {
      const link = present.find((one) => one.name === name);
      return check(name, () => answer(name, link, seen));
    }),
  );
  return checks.map((one) => ({ ...one, interface: true }));
}

function answer(name: string, link: Link | undefined, seen: Seen): Answer {
  const { desired, observed } = seen;
  if (!link) return warning('there is no such interface', 'Correct the name, or make the interface.');
  const { ifindex } = link;
  const device = describeDevice(ifindex) ?? { name };
  const features = xdpFeatures(ifindex);
  const native = features
    ? `native XDP: ${features.native ? 'yes' : 'no'}`
    : 'native XDP: the kernel does not tell';
  const framing = framingOf(link);
  const begin = framing === 'ip' ? '; no Ethernet header: policies read packets from the IP header on' : '';
  const found = `ifindex ${ifindex}${deviceWords(device)}; ${native}; XDP program: ${owner(name, observed)}${begin}`;
  const wanted = desired && wantedFor(desired, link);
  const unfit = wanted && framing && troubleOnLink(name, framing, wanted);
  const attaching =
    unfit ??
    (wanted && troubleWith(wanted, device, features, name, observed)) ??
    (wanted && troubleWithSize(wanted, device, features, seen)) ??
    fallback(ifindex, wanted, seen);
  const here = { ...link, ...features };
  const hidden = wanted && unfit?.status !== 'failure' ? notSeen(wanted, device, here) : [];
  const troubles = [...(attaching ? [attaching] : []), ...hidden];
  if (troubles.length > 0) return joined(found, troubles);
  return observed ? ok(found) : unknown(found);
}

function joined(found: string, troubles: readonly Answer[]): Answer {
  const say = troubles.some(({ status }) => status === 'failure') ? failure : warning;
  const help = troubles.flatMap((one) => one.help ?? []).join(' ');
  return say([found, ...troubles.map((one) => one.found)].join('; '), help);
}

/** What a policy asks for that XDP does not see there as it was on the wire. */
function notSeen({ mode, program: { firewall } }: DesiredInterface, device: Device, here: XdpHere): Answer[] {
  const found: Answer[] = [];
  if (device.hidesTags === true && asksForTags(firewall))
    found.push(warning(HIDDEN_TAGS, `${showTags(device.name)}.`));
  const asked = runsGeneric(mode, here) ? firewallAsksOfMerged(firewall) : [];
  if (asked.length > 0) {
    const what = `${MERGED_PACKETS}, and the policy asks for ${asked.join(' and ')}`;
    found.push(warning(what, showPackets(device.name)));
  }
  return found;
}

function owner(name: string, observed: ObservedState | undefined): string {
  if (!observed) return 'not visible to this user';
  const here = observed.interfaces.find((one) => one.name === name)?.xdp ?? [];
  const links = observed.owned.map(({ link }) => link?.id);
  const words = here.map(({ programId, programName, mode, linkId }) => {
    const whose = linkId !== undefined && links.includes(linkId) ? 'ours' : 'foreign';
    return `${programId} (${programName || 'unnamed'}, ${mode}, ${whose})`;
  });
  return words.join(', ') || 'none';
}

function troubleWith(
  { mode, foreign }: DesiredInterface,
  device: Device,
  features: XdpFeatures | undefined,
  name: string,
  observed: ObservedState | undefined,
): Answer | undefined {
  const links = observed?.owned.map(({ link }) => link?.id) ?? [];
  const strangers =
    observed?.interfaces
      .find((one) => one.name === name)
      ?.xdp.filter(({ linkId }) => !links.includes(linkId)) ?? [];
  if (strangers.length > 0 && foreign === 'refuse')
    return warning('a foreign program is in the way', 'Detach it, or set `foreign: replace`.');
  if (mode === 'generic' || mode === 'offload') return undefined;
  if (features?.native === false)
    return mode === 'native'
      ? failure('mode native is wanted', 'Set `mode: auto` or `generic`: this driver runs no XDP.')
      : warning('mode auto falls back to generic', 'This driver runs no XDP; `mode: generic` says so.');
  if (device.lro === true)
    return warning('LRO is on', `Drivers refuse native XDP with it: ethtool -K ${name} lro off.`);
  return undefined;
}

/** A packet that does not fit into one page needs a driver and a program that take frames in several buffers. */
function troubleWithSize(
  { mode, program }: DesiredInterface,
  device: Device,
  features: XdpFeatures | undefined,
  { observed, objects }: Seen,
): Answer | undefined {
  const largest = observed?.interfaces.find((one) => one.name === device.name)?.device?.largest ?? device.mtu;
  if (mode === 'generic' || mode === 'offload' || (largest ?? 0) <= ONE_PAGE) return undefined;
  const lower = `Lower the MTU: ip link set ${device.name} mtu 1500, and that of the other end of a veth pair`;
  if (features?.fragments !== true) return warning('its MTU may be too large for native XDP', `${lower}.`);
  if (takesFrags(program, objects)) return undefined;
  const what = `${program.label} takes no frames in several buffers, in which packets of ${largest} bytes come`;
  return warning(what, `${lower}, or put the function into SEC("xdp.frags"), as policies are.`);
}

/** Policies are built both ways. */
function takesFrags({ firewall, object, function: name }: DesiredProgram, objects: ObjectStore): boolean {
  if (firewall) return true;
  const { functions } = readElf(objects.get(object));
  return functions.some((one) => one.name === name && one.section.endsWith('xdp.frags'));
}

function troubleOnLink(name: string, framing: Framing, { program }: DesiredInterface): Answer | undefined {
  const unfit = whyUnfit({ name, framing }, program);
  if (unfit) return failure(unfit.reason, unfit.hint);
  const [doubt] = doubtsOnLink({ name, framing }, program);
  return doubt === undefined ? undefined : warning(doubt, DOUBT_HINT);
}

/** What the driver said when our link was made, though nothing that can be seen now tells why. */
function fallback(
  ifindex: number,
  wanted: DesiredInterface | undefined,
  { observed, fellBackBecause }: Seen,
): Answer | undefined {
  const why = fellBackBecause.get(ifindex);
  const xdp = observed?.interfaces.find((one) => one.ifindex === ifindex)?.xdp ?? [];
  if (why === undefined || wanted?.mode !== 'auto' || !xdp.some(({ mode }) => mode === 'generic'))
    return undefined;
  return warning(
    `mode auto fell back to generic: ${why}`,
    'Once that is mended, `xdpkeep reconcile --retry` goes to native, with a gap; `mode: generic` says that it is meant.',
  );
}
