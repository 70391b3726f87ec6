// Content digests: when two objects, two instances or two desired states are the same.
import { sha256 } from '../disk/sha256.js';
import { canonicalJson } from '../text/canonical-json.js';
import type { HostPolicy, DesiredInterface, DesiredProgram } from '../model/desired.js';
import type { Position } from '../model/position.js';
import type { Match, Policy, RateLimit } from '../model/policy.js';
import { USUAL_PREFIX, WHOLE_ADDRESS } from '../policy/rate-limit.js';
import { NO_SAFEGUARDS, type Safeguards } from '../model/safeguards.js';

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

/** `DesiredState.written`: who corrects a probe that failed wants the change tried again. */
export function digestWritten(
  host: string,
  interfaces: DesiredInterface[],
  safeguards: Safeguards = NO_SAFEGUARDS,
): string {
  const asked = safeguards.probes.length > 0 || Object.keys(safeguards).length > 1;
  return digest(host, interfaces, ({ written }) => written, asked ? { safeguards } : {});
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
 * `DesiredProgram.digest` of a policy: what its packets meet and its counters are called, tests change neither. And
 * `written`: all that was written, its tests too.
 */
export function digestFirewall(
  object: string,
  firewall: HostPolicy,
): Pick<DesiredProgram, 'digest' | 'written'> {
  const { tests, decided } = digestDecisions(firewall);
  const said = firewall.policy.rules.some(({ rateLimit }) => rateLimit)
    ? digestDecisions(firewall, 'as written')
    : { decided };
  return {
    digest: sha256(canonicalJson({ object, decided })).slice(0, 16),
    written: sha256(canonicalJson({ decided: said.decided, tests })),
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

/** All but the places, and the names of lists: their content counts. */
function identifyFirewall({ policy, protections }: HostPolicy, asWritten: boolean): FirewallIdentity {
  const { rules, tests, ...settings } = policy;
  const written = rules.map((rule) => ({
    ...withoutPlaces(rule),
    match: identifyMatch(rule.match),
    ...(asWritten && rule.rateLimit && { rateLimit: asInFile(rule.rateLimit) }),
  }));
  return {
    policy: { ...withoutPlaces(settings), rules: written },
    protections: protections.map(({ match }) => identifyMatch(match)),
    tests: tests.map(withoutPlaces),
  };
}

const PLACES: ReadonlySet<string> = new Set<keyof Policy>(['at', 'settingsAt']);

function withoutPlaces(value: { at: Position }): object {
  return Object.fromEntries(Object.entries(value).filter(([field]) => !PLACES.has(field)));
}

function identifyMatch({ source, destination, ...match }: Match): object {
  return {
    ...match,
    ...(source && { source: source.digest }),
    ...(destination && { destination: destination.digest }),
  };
}
