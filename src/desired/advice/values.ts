// What to write for a value of the wrong type or form: what people write first, by field, then by type, and else an example.
import { PROGRAM_HINT } from '../host/host-schema.js';
import { adviseDuration, adviseRate } from './durations.js';
import { exampleOf } from './examples.js';
import { fieldPath } from './field-path.js';
import { adviseMatchValue } from './match-values.js';
import { valueMeant } from './meant.js';
import type { Place } from './place.js';

type Advice = (written: unknown) => string | undefined;

/** By the name of the field. */
const BY_FIELD: Readonly<Record<string, Advice>> = {
  log: adviseLog,
  rateLimit: (written) => wrap(adviseRate(written), (rate) => `Write \`rateLimit: {${rate}}\`.`),
  packetsPerSecond: adviseRateOf,
  packetsPerMinute: adviseRateOf,
  packetsPerHour: adviseRateOf,
  maxShrink: adviseShare,
  maxGrow: adviseShare,
  maxSkipped: adviseShare,
  redirect: (written) =>
    wrap(name(written), (one) => `Write \`{redirect: {interface: ${one}}}\`, or {cpu: NUMBER}.`),
  action: adviseAction,
  interfaces: adviseInterfaces,
  protect: (written) =>
    /^ssh$/i.test(String(written)) ? 'Write `protect: [{protocol: tcp, destinationPort: 22}]`.' : undefined,
  probes: (written) => wrap(name(written), (host) => `Write \`probes: [{ping: ${host}}]\`.`),
  exec: (written) =>
    typeof written === 'string' ? `Write a list: \`exec: [${written.split(/\s+/).join(', ')}]\`.` : undefined,
  policy: (written) => wrap(name(fieldOf(written, 'name')), (one) => `Write \`policy: ${one}\`.`),
  program: (written) => wrap(name(written), (file) => `Write \`program: {${programOf(file)}}\`.`),
};

/** `undefined` where nothing better is known than an example. */
export function adviseValue(
  path: readonly PropertyKey[],
  written: unknown,
  place: Place,
): string | undefined {
  const isItem = typeof path.at(-1) === 'number';
  const field = fieldPath(path).at(-1) ?? '';
  return (
    (isInterface(path) ? adviseInterface(field, written) : undefined) ??
    (isDuration(path) ? adviseDuration(field, written) : undefined) ??
    BY_FIELD[field]?.(written) ??
    adviseMatchValue(path, written, place) ??
    (isItem && field === 'rules' ? exampleOf(path) : undefined)
  );
}

/** For a value whose type alone is wrong; `expected` in the words of zod. */
export function adviseType(
  path: readonly PropertyKey[],
  written: unknown,
  expected: readonly string[],
): string | undefined {
  if (path.length === 0) return undefined;
  const field = fieldPath(path).at(-1) ?? '';
  const [type] = expected;
  if (expected.includes('boolean')) {
    if (/^(?:y|yes|on|1|set)$/i.test(String(written))) return 'Write true.';
    if (/^(?:n|no|off|0|unset)$/i.test(String(written))) return 'Write false.';
    return 'Write true or false.';
  }
  if (
    expected.length === 1 &&
    type === 'string' &&
    (typeof written === 'number' || typeof written === 'boolean')
  )
    return `Quote it: "${written}".`;
  if ((type === 'number' || type === 'int') && typeof written === 'string' && /^\d+$/.test(written))
    return `Write ${written}, without quotes.`;
  if (expected.length === 1 && type === 'array' && isMap(written)) return dashHint(field, written);
  if (expected.length === 1 && (type === 'object' || type === 'record') && Array.isArray(written))
    return `Write its fields without "- ", indented below \`${field}:\`.`;
  return undefined;
}

/** For a list that was written as a map. */
function dashHint(field: string, written: object): string {
  const [first = 'name', value] = Object.entries(written)[0] ?? [];
  if (isMap(value) && field === 'rules')
    return `Begin each entry with "- ": \`- name: ${first}\`, and its fields below \`name\`.`;
  return `Begin each entry of \`${field}\` with "- ": \`- ${first}: ...\`, and its other fields below \`${first}\`.`;
}

function adviseLog(written: unknown): string | undefined {
  if (written === false) return 'Leave `log` out: nothing is sampled then.';
  const every = /^(?:1\/|1:)?(\d+)$/.exec(String(written))?.[1];
  if (every !== undefined && Number(every) > 0)
    return `Write \`log: {oneIn: ${every}}\`: one of ${every} matching packets.`;
  return 'Write `log: {oneIn: 1}` for every packet that the rule matches, {oneIn: 100} for one of a hundred.';
}

function adviseRateOf(written: unknown): string | undefined {
  return typeof written === 'string' ? wrap(adviseRate(written), (rate) => `Write \`${rate}\`.`) : undefined;
}

function adviseShare(written: unknown): string | undefined {
  return typeof written === 'number' && Number.isInteger(written) && written >= 0
    ? `Write ${written}%.`
    : undefined;
}

function adviseAction(written: unknown): string | undefined {
  const text = String(written).toLowerCase();
  if (text === 'log')
    return 'Write `log: {oneIn: 1}` beside `action: count`, which leaves the verdict to the rules behind.';
  if (text === 'redirect') return 'Write `action: {redirect: {interface: NAME}}`.';
  if (/^(?:[sd]nat|masquerade|mark|dnat|queue|nfqueue|tproxy|notrack)$/.test(text))
    return 'Leave that to nftables, which sees the packet after `action: pass`.';
  if (/^(?:jump|goto|call)$/.test(text))
    return 'Put rules that are written once in place with `- use: GROUP`: they are those of rulegroups/GROUP.yaml.';
  return undefined;
}

/** For a key of the map of an action; `words` are the actions that are one word. */
export function adviseActionKey(key: string, words: readonly string[]): string | undefined {
  const [meant] = valueMeant(key, words);
  return meant === undefined ? undefined : `Write \`action: ${meant}\`.`;
}

function adviseInterfaces(written: unknown): string | undefined {
  const items: unknown[] = Array.isArray(written) ? written : [written];
  const names = items.flatMap((one) => name(one) ?? name(fieldOf(one, 'name')) ?? []);
  if (names.length === 0) return undefined;
  const entries = names.map((one) => `${one}: {policy: NAME}`).join(', ');
  return `Write a map of names: \`interfaces: {${entries}}\`.`;
}

function programOf(file: string): string {
  return /\.bpf\.[co]$/.test(file)
    ? `file: ${file}`
    : 'builtin: icmp-drop}`, or `program: {file: programs/NAME.bpf.c';
}

function adviseInterface(field: string, written: unknown): string {
  return wrap(name(written), (one) => `Write \`${field}: {policy: ${one}}\`.`) ?? PROGRAM_HINT;
}

/** Fields that are a time. */
const DURATIONS = new Set(['confirm', 'window', 'timeout', 'expiry', 'grace']);

function isDuration(path: readonly PropertyKey[]): boolean {
  const names = fieldPath(path);
  const last = names.at(-1) ?? '';
  return (
    DURATIONS.has(last) ||
    (names.includes('timeouts') && last !== 'timeouts' && names.slice(-2).join('.') !== 'timeouts.tcp')
  );
}

function isInterface(path: readonly PropertyKey[]): boolean {
  return path.length === 2 && path[0] === 'interfaces';
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldOf(value: unknown, field: string): unknown {
  return isMap(value) ? (value as Record<string, unknown>)[field] : undefined;
}

/** Text that can be written back as it is. */
function name(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w./:*-]+$/.test(value) ? value : undefined;
}

function wrap<T>(value: T | undefined, text: (value: T) => string): string | undefined {
  return value === undefined ? undefined : text(value);
}
