// Content digests, by which objects, instances and desired states are compared.
import { sha256 } from '../disk/sha256.js';
import { canonicalJson } from '../text/canonical-json.js';
import type { ConnectionSettings } from '../model/connections.js';
import type { HostPolicy, DesiredInterface, DesiredProgram } from '../model/desired.js';
import { withAddressSets } from '../model/match.js';
import type { Position } from '../model/position.js';
import type { Match, Policy, RateLimit } from '../model/policy.js';
import { notesOf, RULE_NOTES } from '../model/rule-notes.js';
import { USUAL_PREFIX, WHOLE_ADDRESS } from '../policy/rate-limit.js';
import { NO_SAFEGUARDS, type Safeguards } from '../model/safeguards.js';

/** `DesiredProgram.digest`: the name of the instance on the bpffs, 16 hex digits. 64 bits are enough for the instances of an interface. */
export function digestInstance(object: string, function_: string): string {
  return sha256(canonicalJson({ object, function: function_ })).slice(0, 16);
}

/** `DesiredState.digest`: positions are left out, so that a moved line or a comment changes nothing. */
export function digestState(
  host: string,
  interfaces: DesiredInterface[],
  connections?: ConnectionSettings,
): string {
  return digest(
    host,
    interfaces,
    ({ label, origin, function: function_, object, firewall, written }) => {
      return { label, origin, function: function_, object, ...(firewall && { firewall: written }) };
    },
    { ...(connections && { connections }) },
  );
}

/** `DesiredState.written`: covers the safeguards too, so that a change is tried again after a probe was corrected. */
export function digestWritten(
  host: string,
  interfaces: DesiredInterface[],
  safeguards: Safeguards = NO_SAFEGUARDS,
  connections?: ConnectionSettings,
): string {
  const asked = safeguards.probes.length > 0 || Object.keys(safeguards).length > 1;
  return digest(host, interfaces, ({ written }) => written, {
    ...(asked && { safeguards }),
    ...(connections && { connections }),
  });
}

function digest(
  host: string,
  interfaces: DesiredInterface[],
  identify: (program: DesiredProgram) => unknown,
  more: object = {},
): string {
  const wanted = interfaces.map(({ pattern, mode, foreign, drift, program }) => {
    return { pattern, mode, foreign, ...(drift && { drift }), program: identify(program) };
  });
  return sha256(canonicalJson({ host, interfaces: wanted, ...more }));
}

/**
 * `digest`: `DesiredProgram.digest` of a policy, which covers what decides its packets and names its counters, and so no tests and no
 * notes. `written`: covers everything that was written, tests and notes included.
 */
export function digestFirewall(
  object: string,
  firewall: HostPolicy,
): Pick<DesiredProgram, 'digest' | 'written'> {
  const { tests, decided } = digestDecisions(firewall);
  const told = identifyTold(firewall.policy);
  const said = firewall.policy.rules.some(({ rateLimit }) => rateLimit)
    ? digestDecisions(firewall, 'as written')
    : { decided };
  return {
    digest: sha256(canonicalJson({ object, decided })).slice(0, 16),
    written: sha256(canonicalJson({ decided: said.decided, tests, ...told })),
  };
}

/** `decided` is of something large, made to text once. */
function digestDecisions(
  firewall: HostPolicy,
  how?: 'as written',
): { tests: FirewallIdentity['tests']; decided: string } {
  const { tests, ...decisions } = identifyFirewall(firewall, how === 'as written');
  return { tests, decided: sha256(canonicalJson(decisions)) };
}

/**
 * Prefix lengths as the state file says them: none for what a limit per source means without being told, since earlier releases knew
 * none, and the same was written.
 */
function asInFile(limit: RateLimit): object {
  const { per, prefix = WHOLE_ADDRESS } = limit;
  const isUsual = prefix.ipv4 === USUAL_PREFIX.ipv4 && prefix.ipv6 === USUAL_PREFIX.ipv6;
  return { ...limit, prefix: per === 'rule' || isUsual ? undefined : prefix };
}

interface FirewallIdentity {
  policy: object;
  protections: object[];
  tests: object[];
}

/** The policy without positions, and with the content of lists in place of their names. */
function identifyFirewall({ policy, protections }: HostPolicy, asWritten: boolean): FirewallIdentity {
  const { rules, layers, tests, ...settings } = { ...policy, disabled: undefined };
  const written = rules.map((rule) => ({
    ...withoutPlaces(rule),
    ...WITHOUT_NOTES,
    match: identifyMatch(rule.match),
    ...(asWritten && rule.rateLimit && { rateLimit: asInFile(rule.rateLimit) }),
  }));
  return {
    policy: {
      ...withoutPlaces(settings),
      rules: written,
      ...(layers && { layers: layers.map((layer) => layer.rules) }),
    },
    protections: protections.map(({ match }) => identifyMatch(match)),
    tests: [...tests, ...(layers ?? []).flatMap((layer) => layer.tests)].map(withoutPlaces),
  };
}

/** Fields that are undefined are left out of JSON. */
const WITHOUT_NOTES = Object.fromEntries(RULE_NOTES.map((note) => [note, undefined]));

/** What is told to people alone; nothing where nothing is, since earlier releases knew none of it. */
function identifyTold({ rules, disabled }: Policy): { notes?: object[]; disabled?: object[] } {
  const notes = rules.map((rule) => ({ name: rule.name, ...notesOf(rule) }));
  const told = notes.filter((one) => Object.keys(one).length > 1);
  return {
    ...(told.length > 0 && { notes: told }),
    ...(disabled && { disabled: disabled.map(withoutPlaces) }),
  };
}

const PLACES: ReadonlySet<string> = new Set<keyof Policy>(['at', 'settingsAt']);

function withoutPlaces(value: { at: Position }): object {
  return Object.fromEntries(Object.entries(value).filter(([field]) => !PLACES.has(field)));
}

function identifyMatch(match: Match): object {
  return withAddressSets(match, ({ digest }) => digest);
}
