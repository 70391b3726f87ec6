// Hints for problems that have none of their own. Every diagnostic has a hint: it says what to do.
import type { YAMLError } from 'yaml';
import { exampleOf } from '../advice/examples.js';
import type { SchemaPlaces } from '../json-schema.js';

const PROGRAM = 'Write `program: {builtin: icmp-drop}`, or `program: {file: programs/NAME.bpf.c}`.';

const MISSING_HINTS: Record<string, string> = {
  apiVersion: 'Add `apiVersion: xdpkeep/v1`.',
  name: 'Add `name:` with the name of the file, without .yaml.',
  interfaces: 'Add `interfaces:`, or `interfaces: {}` if nothing is wanted on this host.',
  action: 'Add `action: drop`, or pass, reject, tx, count, {redirect: {interface: NAME}}.',
  git: 'Add `git:` with the URL or the path of the repository.',
  allowedSigners: 'Add `allowedSigners:` with the path of the file of the keys that may sign.',
  program: 'Add `program: {builtin: icmp-drop}`, or `program: {file: programs/NAME.bpf.c}`.',
};

const KINDS: Partial<Record<string, string>> = {
  host: 'Host',
  policy: 'Policy',
  rulegroup: 'RuleGroup',
  repository: 'Repository',
};

/** For a file of this kind (SchemaKind) that does not say what it is. */
export function kindHint(kind: string): string {
  return `Add \`kind: ${KINDS[kind] ?? 'Config'}\`.`;
}

/** For a field that is missing; `path` ends in its name. */
export function missingHint(path: readonly PropertyKey[]): string | undefined {
  return isNameOfItem(path) ? NAME_HINT : MISSING_HINTS[String(path.at(-1))];
}

const NAME_HINT = 'Add `name:` with a short text that no other one here has.';

/** Of a rule or a test: files are named too. */
function isNameOfItem(path: readonly PropertyKey[]): boolean {
  return path.length > 1 && path.at(-1) === 'name';
}

const VALUE_HINTS: Record<string, string> = {
  name: 'Write the name of the file, without .yaml.',
  interfaces: 'Write `interfaces: {}` if nothing is wanted on this host.',
  program: PROGRAM,
  file: 'Name a *.bpf.c or *.bpf.o inside the state directory, like programs/fw.bpf.c.',
  function: 'Write the name of the function as the source has it, or leave the field out.',
};

/** For a value at this path that is of the wrong type or form: the last resort. */
export function valueHint(path: readonly PropertyKey[], schema: SchemaPlaces): string {
  if (path.length === 0)
    return 'Begin the file with `apiVersion: xdpkeep/v1`; `xdpkeep init` writes a whole one.';
  if (isNameOfItem(path)) return 'Write a short text that no other one here has.';
  const field = String(path.findLast((key) => typeof key === 'string'));
  const words = schema.words(path);
  const fields = schema.fields(path);
  const least = schema.least(path);
  return (
    VALUE_HINTS[String(path.at(-1))] ??
    exampleOf(path) ??
    (words.length > 0 ? choiceHint(path, words) : undefined) ??
    (fields.length > 0 ? `Write a map of fields: \`${field}: {${fields[0] ?? ''}: ...}\`.` : undefined) ??
    (least === undefined ? undefined : `Write a number, like \`${field}: ${Math.max(least, 1)}\`.`) ??
    `\`xdpkeep schema\` prints what \`${field}\` may be.`
  );
}

/** For a value at this path that must be one of a few words. */
export function choiceHint(path: readonly PropertyKey[], values: readonly string[]): string {
  if (path.at(-1) === 'action')
    return `Choose one of ${values.join(', ')}, or {redirect: {interface: NAME}}.`;
  const [first = '', ...more] = values;
  return more.length === 0 ? `Write ${first}.` : `Choose one of ${values.join(', ')}.`;
}

/** For a key of `interfaces` that is neither a name nor a glob; `message` says why. */
export function interfaceHint(message: string): string {
  return message.startsWith('is no glob')
    ? 'Write a set like [a-c] or [!a-c], from low to high, and close it with "]".'
    : 'Write a name as `ip link` shows it, or a glob like "veth*".';
}

const YAML_HINTS: Partial<Record<YAMLError['code'], string>> = {
  BAD_DQ_ESCAPE: 'Write the backslash twice, or use single quotes.',
  BAD_INDENT: 'Indent the fields of one map alike, with spaces, and close every bracket.',
  BAD_SCALAR_START: 'Quote text that begins with this character.',
  BLOCK_AS_IMPLICIT_KEY: 'Quote text that holds ": " or ends in ":", such as "fe80::".',
  BLOCK_IN_FLOW: 'Inside { } and [ ] write { } and [ ] as well.',
  KEY_OVER_1024_CHARS: 'Shorten the key.',
  MISSING_CHAR: 'Add it: a closing quote or bracket, a comma, or the space after ":".',
  MULTILINE_IMPLICIT_KEY: 'Write the key on one line, with ":" after it.',
  NON_STRING_KEY: 'Quote the key: a pattern like "[ab]*" is text only in quotes.',
  TAB_AS_INDENT: 'Indent with spaces.',
};

export function yamlHint(code: YAMLError['code']): string {
  return YAML_HINTS[code] ?? 'Look for a stray or missing quote, bracket, comma or ":" here or just before.';
}
