// Names by content: what makes two objects, two instances or two desired states the same.
import { sha256 } from '../disk/sha256.js';
import { canonicalJson } from '../model/canonical-json.js';
import type { DesiredFirewall, DesiredInterface, DesiredProgram } from '../model/desired.js';
import type { Position } from '../model/position.js';
import type { AddressSet, Cidr, Match } from '../model/policy.js';

/** `DesiredProgram.digest`: names the instance on bpffs. 64 bits are plenty for the instances of one interface. */
export function digestInstance(object: string, function_: string): string {
  return sha256(canonicalJson({ object, function: function_ })).slice(0, 16);
}

/** `DesiredState.digest`: positions are left out, so that a moved line or a comment changes nothing. */
export function digestState(host: string, interfaces: DesiredInterface[]): string {
  return digest(host, interfaces, ({ label, origin, function: function_, object, firewall, written }) => {
    return { label, origin, function: function_, object, ...(firewall && { firewall: written }) };
  });
}

/** `DesiredState.written` */
export function digestWritten(host: string, interfaces: DesiredInterface[]): string {
  return digest(host, interfaces, ({ written }) => written);
}

function digest(
  host: string,
  interfaces: DesiredInterface[],
  identify: (program: DesiredProgram) => unknown,
): string {
  const wanted = interfaces.map(({ pattern, mode, foreign, program }) => {
    return { pattern, mode, foreign, program: identify(program) };
  });
  return sha256(canonicalJson({ host, interfaces: wanted }));
}

/**
 * `DesiredProgram.digest` of a policy: what its packets meet and its counters are called, tests change neither. And
 * `written`: all that was written, its tests too.
 */
export function digestFirewall(
  object: string,
  firewall: DesiredFirewall,
): Pick<DesiredProgram, 'digest' | 'written'> {
  const { tests, ...decisions } = identifyFirewall(firewall);
  const decided = sha256(canonicalJson(decisions)); // large: made to text once
  return {
    digest: sha256(canonicalJson({ object, decided })).slice(0, 16),
    written: sha256(canonicalJson({ decided, tests })),
  };
}

interface FirewallIdentity {
  policy: object;
  protections: object[];
  tests: object[];
}

/** All but the places, and the names of lists: their content counts. */
function identifyFirewall({ policy, protections }: DesiredFirewall): FirewallIdentity {
  const { rules, tests, ...settings } = policy;
  const written = rules.map((rule) => ({ ...withoutPlace(rule), match: identifyMatch(rule.match) }));
  return {
    policy: { ...withoutPlace(settings), rules: written },
    protections: protections.map(({ match }) => identifyMatch(match)),
    tests: tests.map(withoutPlace),
  };
}

function withoutPlace(value: { at: Position }): object {
  return Object.fromEntries(Object.entries(value).filter(([field]) => field !== 'at'));
}

function identifyMatch({ source, destination, ...match }: Match): object {
  return {
    ...match,
    ...(source && { source: digestAddresses(source) }),
    ...(destination && { destination: digestAddresses(destination) }),
  };
}

/** Large lists are hashed as the words that they are: as JSON that takes ten times as long. */
function digestAddresses({ cidrs }: AddressSet): string {
  const words = new Uint32Array(cidrs.length * CIDR_WORDS);
  cidrs.forEach(({ family, a, b, c, d, length }: Cidr, at) => {
    words.set([family, length, a, b, c, d], at * CIDR_WORDS);
  });
  return sha256(new Uint8Array(words.buffer));
}

const CIDR_WORDS = 6;
