// Where a state file says what a row does. Rules and protect entries have places of their own; a built-in row is decided by
// a setting of the policy, which may not be written.
import type { HostPolicy } from '../model/desired.js';
import type { BuiltinRow, DecidingSetting, Protection } from '../model/policy.js';
import type { Position } from '../model/position.js';
import { matches } from './fields/registry.js';
import { parseFrame } from './packet/parse.js';

/** `(protect)` where no entry of the Host file matches: neighbour discovery. Blocks are no part of a policy. */
const DECIDED_BY: Record<Exclude<BuiltinRow, '(blocked)'>, DecidingSetting> = {
  '(protect)': 'neighborDiscovery',
  '(malformed)': 'malformed',
  '(fragments)': 'fragments',
  '(non-ip)': 'nonIp',
  '(default)': 'default',
};

/**
 * The rule, the `protect` entry, or the setting by which `row` decides `frame`; `undefined` where nobody wrote it. Of what
 * earlier releases recorded, which know no places of settings, the policy as a whole.
 */
export function placeOfRow(
  { policy, protections }: HostPolicy,
  row: string,
  frame: Uint8Array,
): Position | undefined {
  const rule = policy.rules.find(({ name }) => name === row);
  if (rule) return rule.at;
  if (!isDecided(row)) return undefined;
  const entry = row === '(protect)' ? entryFor(protections, frame) : undefined;
  if (entry) return entry.at;
  return policy.settingsAt ? policy.settingsAt[DECIDED_BY[row]] : policy.at;
}

function entryFor(protections: readonly Protection[], frame: Uint8Array): Protection | undefined {
  const parsed = parseFrame(frame);
  if (parsed.shape === 'malformed') return undefined;
  return protections.find(({ match }) => matches(match, parsed.fields));
}

function isDecided(row: string): row is keyof typeof DECIDED_BY {
  return row in DECIDED_BY;
}
