// What a Policy file may say, and the policy that it says. Messages complete "`field` ...".
import * as z from 'zod';
import {
  type Action,
  BUILTIN_ROWS,
  DECIDING_SETTINGS,
  type DecidingSetting,
  type DisabledRule,
  MAX_RULES,
  type Policy,
  REJECT_CODES,
  type RejectCode,
  type Rule,
  USUAL_REJECT_CODE,
} from '../../model/policy.js';
import type { Position } from '../../model/position.js';
import { notesOf } from '../../model/rule-notes.js';
import { checkFields } from '../yaml/check-fields.js';
import { listOptionsSchema } from '../lists/list-options.js';
import { type AddressResolver, matchSchema, toMatch } from './match.js';
import { type LimitedRule, passWithoutWhen, rateLimitSchema, toRateLimit } from './rate-limit-schema.js';
import { API_VERSION, literalInterface } from '../host/host-schema.js';
import { testSchema, toPacketTest } from './test-schema.js';
import { FILE_NAME, FILE_NAME_RULE, mayBeAbsent, textValue, wholeNumber } from './values.js';
import { quote } from '../../text/wording.js';

const policyName = z
  .string()
  .regex(FILE_NAME, FILE_NAME_RULE)
  .describe('Name of the policy: that of the file without .yaml.');

const LONGEST_NAME = 64;

/** Counters are stored under this name and reports show it: it must not look like a built-in row, or contain control characters. */
const ruleName = textValue<string>(
  (text) => {
    if (text.startsWith('(')) {
      const message = `must not begin with "(", like the built-in rows ${BUILTIN_ROWS.join(', ')}`;
      return { summary: 'reserved name', message, hint: 'Leave the parentheses out.' };
    }
    if (/^(?=\S)[^\p{C}\p{Zl}\p{Zp}]*(?<=\S)$/u.test(text) && text.length <= LONGEST_NAME) return text;
    return {
      message: `must be 1 to ${LONGEST_NAME} characters that can be seen, without spaces around them, not ${quote(text)}`,
      hint: 'Write a short name: drop-ssh.',
    };
  },
  { pattern: String.raw`^[^\s(](.{0,62}\S)?$`, description: 'Unique in the policy. Counters belong to it.' },
);

export const TOO_MANY_RULES = `must have ${MAX_RULES} rules at most: join some with lists of values or address lists`;

const CPUS = 4096;

const redirect = z
  .strictObject({
    interface: mayBeAbsent(literalInterface),
    cpu: mayBeAbsent(wholeNumber(0, CPUS - 1)),
  })
  .superRefine(
    ...checkFields<{ interface?: string; cpu?: number }>(function* (target) {
      if (Object.keys(target).length !== 1)
        yield {
          fields: ['interface', 'cpu'],
          ofMap: true,
          message: 'needs `interface` or `cpu`, one of them',
          hint: 'Write {interface: NAME} or {cpu: NUMBER}.',
        };
    }),
  );

const rejectCodes = Object.keys(REJECT_CODES) as [RejectCode, ...RejectCode[]];

const action: z.ZodType<Action> = z
  .union([
    z
      .enum(['pass', 'drop', 'reject', 'tx', 'count', 'next'])
      .transform((kind): Action => (kind === 'reject' ? { kind, icmp: USUAL_REJECT_CODE } : { kind })),
    z
      .strictObject({ reject: z.strictObject({ icmp: z.enum(rejectCodes) }) })
      .transform(({ reject: { icmp } }): Action => ({ kind: 'reject', icmp })),
    z.strictObject({ redirect }).transform(({ redirect: { interface: name, cpu } }): Action => {
      return name === undefined ? { kind: 'redirect', cpu: cpu ?? 0 } : { kind: 'redirect', interface: name };
    }),
  ])
  .describe(
    'tx sends the packet back out of its interface, Ethernet addresses swapped. reject drops it and tells the sender: TCP by a reset, all else by an ICMP error (port-unreachable unless it says otherwise). count counts it, and the next rules decide. next leaves it to the layer behind this one.',
  );

/** The datapath counts nanoseconds since 1970 in 64 bits, which end in 2554. */
const LATEST = Date.parse('2500-01-01T00:00:00Z');

const until = textValue<number>(
  (text) => {
    const milliseconds = z.iso.datetime({ offset: true }).safeParse(text).success ? Date.parse(text) : NaN;
    if (milliseconds >= 0 && milliseconds < LATEST) return milliseconds;
    const message = `must be a time with a zone, from 1970 to 2499, not ${quote(text)}`;
    return { message, hint: 'Write it like 2027-01-31T18:00:00Z or 2027-01-31T18:00:00+01:00.' };
  },
  { description: 'From then on the rule matches nothing. ISO 8601 with a zone.' },
);

/** One line: reports show it in one. */
const note = (longest: number, description: string) =>
  mayBeAbsent(
    z
      .string()
      .regex(
        new RegExp(String.raw`^(?=\S)[^\p{C}\p{Zl}\p{Zp}]{1,${longest}}(?<=\S)$`, 'u'),
        `must be one line of 1 to ${longest} characters that can be seen, without spaces around them`,
      ),
  ).describe(description);

export const ruleSchema = z
  .strictObject({
    name: ruleName,
    match: matchSchema.default({}),
    action,
    rateLimit: mayBeAbsent(rateLimitSchema),
    log: mayBeAbsent(z.strictObject({ oneIn: wholeNumber(1, 0xffffffff) })).describe(
      'Sample every Nth matching packet, on average, as an event.',
    ),
    until: mayBeAbsent(until),
    description: note(200, 'What it is for, in one line.'),
    owner: note(100, 'Who answers for it: a person or a team.'),
    ticket: note(200, 'Where it was asked for: a number, a link.'),
    enabled: z.boolean().default(true).describe('false takes it out of force: it decides nothing.'),
  })
  .superRefine(...checkFields<LimitedRule>(passWithoutWhen));

const useSchema = z
  .strictObject({ use: z.string().regex(FILE_NAME, FILE_NAME_RULE) })
  .describe('The rules of rulegroups/NAME.yaml, in its place: their names begin with NAME/.');

export const policySchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('Version of this format.'),
    kind: z.literal('Policy').describe('What this file describes.'),
    name: policyName,
    default: z
      .enum(['pass', 'drop', 'next'])
      .default('pass')
      .describe('What becomes of packets that no rule matches. next: the layer behind this one decides.'),
    rules: z
      .array(z.union([ruleSchema, useSchema]))
      .max(MAX_RULES, TOO_MANY_RULES)
      .default([])
      .describe('The first rule that matches decides.'),
    fragments: z
      .enum(['match', 'drop', 'pass'])
      .default('match')
      .describe(
        'Later fragments, which have no ports, flags or ICMP fields: match decides them by the rules.',
      ),
    malformed: z.enum(['drop', 'pass']).default('drop').describe('Truncated or contradictory headers.'),
    nonIp: z
      .enum(['pass', 'drop', 'match'])
      .default('pass')
      .describe('ARP, LLDP and the like. match decides them by the rules.'),
    neighborDiscovery: z
      .enum(['pass', 'match'])
      .default('pass')
      .describe('ICMPv6 133 to 137, without which IPv6 does not work.'),
    mode: z
      .enum(['enforce', 'audit'])
      .default('enforce')
      .describe('audit counts what would be decided, and passes every packet.'),
    lists: z
      .record(z.string(), listOptionsSchema)
      .default({})
      .describe('How lists/NAME are written, and what they may not become.'),
    tests: z.array(testSchema).default([]).describe('Packets and what must become of them.'),
  })
  .meta({ title: 'xdpkeep Policy', description: 'Rules for packets, and tests of them.' });

/** Where the policy, its rules, its tests and its settings stand. */
export interface PolicyPlaces {
  policy: Position;
  rule: (index: number) => Position;
  test: (index: number) => Position;
  /** `undefined` where it is not written. */
  setting: (name: DecidingSetting | 'mode') => Position | undefined;
}

/** The rules that stand at one place of a policy, or in a group. */
export interface SomeRules {
  /** Those in force. */
  rules: Rule[];
  disabled: DisabledRule[];
}

/** `resolve` knows what is in lists. */
export function toRules(
  { rateLimit, enabled, ...rule }: z.output<typeof ruleSchema>,
  resolve: AddressResolver,
  at: Position,
): SomeRules {
  const match = toMatch(rule.match, resolve); // of a disabled one, too: its lists are read
  if (!enabled)
    return { rules: [], disabled: [{ name: rule.name, action: rule.action, ...notesOf(rule), at }] };
  return {
    rules: [{ ...rule, ...(rateLimit && { rateLimit: toRateLimit(rateLimit) }), match, at }],
    disabled: [],
  };
}

/** `resolve` knows what is in lists, `groupOf` what is in rulegroups/. */
export function toPolicy(
  written: z.output<typeof policySchema>,
  resolve: AddressResolver,
  groupOf: (name: string) => SomeRules,
  places: PolicyPlaces,
): Policy {
  const { name, fragments, malformed, nonIp, neighborDiscovery, mode } = written;
  const parts = written.rules.map((one, index) =>
    'use' in one ? groupOf(one.use) : toRules(one, resolve, places.rule(index)),
  );
  const rules = parts.flatMap((part) => part.rules);
  const disabled = parts.flatMap((part) => part.disabled);
  const tests = written.tests.map((test, index) => toPacketTest(test, places.test(index)));
  const settings = { default: written.default, fragments, malformed, nonIp, neighborDiscovery, mode };
  const settingsAt = Object.fromEntries(
    ([...DECIDING_SETTINGS, 'mode'] as const).flatMap((setting) => {
      const at = places.setting(setting);
      return at ? [[setting, at]] : [];
    }),
  );
  const off = disabled.length > 0 ? { disabled } : {};
  return { name, ...settings, rules, ...off, tests, at: places.policy, settingsAt };
}
