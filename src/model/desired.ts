// What is wanted. A DesiredState is complete: with the object store beside it, it can be applied years later
// without the state files it came from. Generations are made of it.
import { type ConnectionSettings, USUAL_CONNECTIONS } from './connections.js';
import type { DriftPolicy } from './drift.js';
import { addressSetsOf, asks } from './match.js';
import type { AddressSet, Match, Policy, Protection } from './policy.js';
import type { Position } from './position.js';

/** How XDP is attached. `auto` tries native and falls back to generic. */
export type AttachMode = 'native' | 'generic' | 'offload';
export type DesiredMode = AttachMode | 'auto';

/** `replace` takes an interface over from a foreign XDP program; `refuse` leaves it alone and says so. */
type ForeignPolicy = 'refuse' | 'replace';

export interface DesiredProgram {
  /** As people wrote it: `programs/xdp_fw.bpf.c`, `icmp-drop`, `policy edge`. For reports only. */
  label: string;
  origin: 'builtin' | 'source' | 'object' | 'policy';
  /** What the tables of the instance are made of; with origin `policy` only. */
  firewall?: HostPolicy;
  /** Name of the C function; its ELF section must be an XDP one. */
  function: string;
  /** SHA-256 (hex) of the object file; names it in the object store. */
  object: string;
  /** Identity of an instance made of it: object and function. */
  digest: string;
  /** Sources are held against the blocks of the interface; of instances on a host alone (diff/bind.ts). */
  blocks?: true;
  /** A policy takes packets that begin with the IP header; of instances on a host alone, too. */
  noEthernet?: true;
  /** A policy takes frames in several buffers (`xdp.frags`); of instances on a host alone, too. */
  frags?: true;
  /** SHA-256 (hex) of what people wrote: the reference and its source, not what a compiler or release makes of it. */
  written: string;
}

/** The digest without what an instance on a host has behind it: redirect targets, blocks (diff/bind.ts). */
export function baseDigest(digest: string): string {
  return digest.split('-', 1)[0] ?? digest;
}

/** A policy with everything resolved, and the host's `protect` entries in front of it. */
export interface HostPolicy {
  policy: Policy;
  protections: Protection[];
}

export interface DesiredInterface {
  /** An interface name or a glob (`*`, `?`, `[...]`). */
  pattern: string;
  mode: DesiredMode;
  foreign: ForeignPolicy;
  /** What to do about drift that somebody made by hand; absent: `enforce`. */
  drift?: DriftPolicy;
  program: DesiredProgram;
  at: Position;
}

/** Lines with an address or network that add nothing, or not all of it. */
export interface MergedEntries {
  /** They say what another one says. */
  duplicates: number;
  /** They lie in another one or reach into it. */
  overlaps: number;
}

/** A list as it was read for this state. */
export interface DesiredList {
  name: string;
  set: AddressSet;
  /** Lines with an address. */
  entries: number;
  /** Those that say what others say; not known of what earlier releases recorded. */
  merged?: MergedEntries;
  /** Per cent of its ranges that it may lose from one applied state to the next; absent means all. */
  maxShrink?: number;
  /** Per cent of them that may come; absent for any number. */
  maxGrow?: number;
}

export interface DesiredState {
  host: string;
  /** In file order: a literal name wins over globs, an earlier glob over a later one. */
  interfaces: DesiredInterface[];
  /** Those that its policies and `protect` name, by name; absent when none does. No part of the digests. */
  lists?: DesiredList[];
  /** What the Host file says of its connections; absent where it says nothing. */
  connections?: ConnectionSettings;
  /** SHA-256 (hex) of everything above except positions: two states with one digest want the same. */
  digest: string;
  /** The same of what people wrote: unchanged by another compiler or release. A hold is about this. */
  written: string;
}

/** Generation 0: nothing of ours attached. Its digest is no hash, so that no state file can ever have it. */
export function emptyState(host: string): DesiredState {
  return { host, interfaces: [], digest: 'empty', written: 'empty' };
}

/** Does a rule ask about connections? Protect entries never do. */
export function asksConnections({ rules }: Pick<Policy, 'rules'>): boolean {
  return rules.some(({ match }) => asks(match, 'connection'));
}

/** Does a rule do what the plain program cannot: count a packet and go on, with the next rule or the next layer, or answer it? */
export function needsMoreActions({ rules, layers }: Pick<Policy, 'rules' | 'layers'>): boolean {
  return rules.some(
    ({ action: { kind } }) =>
      kind === 'count' || kind === 'reject' || (kind === 'next' && layers !== undefined),
  );
}

/** Does a rule answer packets? */
export function answers({ rules }: Pick<Policy, 'rules'>): boolean {
  return rules.some(({ action }) => action.kind === 'reject');
}

/** Does a rule of any of its policies ask? */
export function asksAboutConnections({ interfaces }: Pick<DesiredState, 'interfaces'>): boolean {
  return interfaces.some(({ program }) => program.firewall && asksConnections(program.firewall.policy));
}

/** What is to hold for the tables of connections. */
export function connectionSettings({ connections }: Pick<DesiredState, 'connections'>): ConnectionSettings {
  return connections ?? USUAL_CONNECTIONS;
}

/** All matches of a firewall; none where there is no firewall. */
export function matchesOf(firewall: HostPolicy | undefined): Match[] {
  return firewall ? [...firewall.protections, ...firewall.policy.rules].map(({ match }) => match) : [];
}

/** The address sets of a firewall, as often as they are used. */
export function setsOf(firewall: HostPolicy | undefined): AddressSet[] {
  return matchesOf(firewall).flatMap(addressSetsOf);
}
