// Compares two whole desired states, host by host and policy by policy. For a changed policy the semantic diff says which
// packets get another verdict.
import { canonicalJson } from '../text/canonical-json.js';
import type { DesiredInterface, DesiredState } from '../model/desired.js';
import type { DisabledRule, Policy, Rule } from '../model/policy.js';
import { notesOf, RULE_NOTES } from '../model/rule-notes.js';
import type { HostDiff, InterfaceDiff, PolicyDiff, StateDiff, WholeState } from '../model/state-diff.js';
import { reportPacketEffects } from '../policy/analysis/packet-effects.js';

/** Without the revisions, which are the caller's. */
export function diffStates(
  before: WholeState,
  after: WholeState,
  semantic: boolean,
): Pick<StateDiff, 'hosts' | 'policies'> {
  return {
    hosts: pairs(before.hosts, after.hosts, ({ host }) => host).flatMap((pair) => diffHost(pair, semantic)),
    policies: pairs(before.policies, after.policies, ({ name }) => name).flatMap((pair) =>
      diffPolicy(pair, semantic),
    ),
  };
}

/** One of the two is there. */
interface Pair<T> {
  name: string;
  was?: T | undefined;
  is?: T | undefined;
}

/** By name. */
function pairs<T>(before: T[], after: T[], nameOf: (one: T) => string): Pair<T>[] {
  const names = [...new Set([...before, ...after].map(nameOf))].sort();
  return names.map((name) => ({
    name,
    was: before.find((one) => nameOf(one) === name),
    is: after.find((one) => nameOf(one) === name),
  }));
}

function changeOf({ was, is }: Pair<unknown>): 'added' | 'removed' | 'changed' {
  if (was === undefined) return 'added';
  return is === undefined ? 'removed' : 'changed';
}

function diffHost(pair: Pair<DesiredState>, semantic: boolean): HostDiff[] {
  const { name: host, was, is } = pair;
  const both = pairs(was?.interfaces ?? [], is?.interfaces ?? [], ({ pattern }) => pattern);
  const interfaces = both.flatMap((one) => diffInterface(one, semantic));
  const change = changeOf(pair);
  return change === 'changed' && interfaces.length === 0 ? [] : [{ host, change, interfaces }];
}

function diffInterface(pair: Pair<DesiredInterface>, semantic: boolean): InterfaceDiff[] {
  const { name: pattern, was, is } = pair;
  const [from, to] = [was, is].map((one) => one && wordsOf(one));
  if (from === to && was?.program.written === is?.program.written) return [];
  const [old, new_] = [was?.program.firewall, is?.program.firewall];
  // Behind nothing that is protected, the same policy has the same fates on every host: they are said once.
  const alone =
    old?.policy.name === new_?.policy.name && ![old, new_].some((one) => one && one.protections.length > 0);
  const fates = semantic && old && new_ && !alone ? reportPacketEffects(old, new_) : undefined;
  return [
    {
      pattern,
      change: changeOf(pair),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(fates && { fates }),
    },
  ];
}

function wordsOf({ mode, foreign, drift, program }: DesiredInterface): string {
  const what = program.origin === 'policy' ? program.label : `program ${program.label} (${program.function})`;
  return [
    what,
    `mode ${mode}`,
    ...(foreign === 'replace' ? ['foreign replace'] : []),
    ...(drift === 'warn' ? ['drift warn'] : []),
  ].join(', ');
}

function diffPolicy(pair: Pair<Policy>, semantic: boolean): PolicyDiff[] {
  const { name: policy, was, is } = pair;
  const change = changeOf(pair);
  if (!was || !is) return [{ policy, change, details: [] }];
  const details = [...settings(was, is), ...rules(was, is), ...tests(was, is)];
  if (details.length === 0) return [];
  const sides = [was, is].map((one) => ({ policy: one, protections: [] })) as [never, never];
  return [{ policy, change, details, ...(semantic && { fates: reportPacketEffects(...sides) }) }];
}

const SETTINGS = ['default', 'fragments', 'malformed', 'nonIp', 'neighborDiscovery', 'mode'] as const;

function settings(was: Policy, is: Policy): string[] {
  return SETTINGS.filter((name) => was[name] !== is[name]).map(
    (name) => `${name}: ${was[name]} -> ${is[name]}`,
  );
}

function rules(was: Policy, is: Policy): string[] {
  const changed = pairs(allRules(was), allRules(is), ({ name }) => name).flatMap((pair) =>
    text(pair.was) === text(pair.is) ? [] : [`rule ${pair.name} ${ruleChange(pair)}`],
  );
  const common = ({ rules }: Policy, { rules: others }: Policy) =>
    rules.map(({ name }) => name).filter((name) => others.some((one) => one.name === name));
  return text(common(was, is)) === text(common(is, was)) ? changed : [...changed, 'rules in another order'];
}

type AnyRule = Rule | DisabledRule;

function allRules({ rules, disabled = [] }: Policy): AnyRule[] {
  return [...rules, ...disabled];
}

/** `changed`, `disabled`, `changed: owner`; the last where people alone are told something else. */
function ruleChange(pair: Pair<AnyRule>): string {
  const { was, is } = pair;
  if (!was || !is) return `${changeOf(pair)}${'match' in (is ?? was ?? {}) ? '' : ', disabled'}`;
  const [before, now] = ['match' in was, 'match' in is];
  if (before !== now) return now ? 'enabled' : 'disabled';
  const notes = RULE_NOTES.filter((note) => was[note] !== is[note]);
  return text({ ...was, ...notesOf(is) }) === text({ ...is, ...notesOf(is) })
    ? `changed: ${notes.join(', ')}`
    : 'changed';
}

function tests(was: Policy, is: Policy): string[] {
  return text(was.tests) === text(is.tests) ? [] : ['packet tests changed'];
}

/**
 * Without places: moved lines change nothing. Nor does the order of fields: a set that was parsed and the same one that was
 * remembered have theirs in different ones, and so they lie in the generations.
 */
function text(value: unknown): string | undefined {
  const plain = JSON.stringify(value, (key, one: unknown) => (key === 'at' ? undefined : one)) as
    string | undefined;
  return plain && canonicalJson(JSON.parse(plain));
}
