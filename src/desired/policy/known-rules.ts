// A policy in which little has changed: the rules that stand in it as they stood the last time are taken out of its text,
// what is left is parsed as ever, and they are put back. A rule counts as the same when all its lines do, up to the next
// rule; and it may be taken out only in front of an item of `rules` that stays, since what a parser makes of an item
// depends on nothing but the text before it (decision 0073). Whatever does not fit means: parse it all.
import { isMap, isSeq, type Node } from 'yaml';
import { MAX_RULES, type Policy, type Rule } from '../../model/policy.js';
import type { Position } from '../../model/position.js';
import { fieldsOf } from '../yaml/yaml.js';
import { lineStarts, Source } from '../yaml/source.js';
import { MOST_TOKENS } from '../yaml/syntax.js';

/** A policy that was made of this text without a word. */
export interface KnownPolicy {
  text: string;
  policy: Policy;
}

/** A text with fewer rules. */
export interface Remainder {
  source: Source;
  /** Names of the rules that were taken out. */
  names: string[];
  /** The policy of the whole text, from that of the remainder; `undefined` when it cannot be told so. */
  restore: (policy: Policy, root: Node) => Policy | undefined;
}

/** UTF-16 code units. A longer text may have more tokens than are read, which a part of it does not show: two a unit at most. */
const LONGEST = MOST_TOKENS / 2;

/** `undefined` when no rule of it is known. */
export function takeOutKnown(source: Source, known: KnownPolicy): Remainder | undefined {
  if (source.text.length > LONGEST) return undefined;
  const items = knownItems(known);
  if (!items) return undefined;
  const { isFlow, prefix } = items;
  const [kept, lines]: [string[], number[]] = [[], []];
  const found: { rule: Rule; line: number }[] = [];
  /** Lines of items that stay and had one in front of them taken out. */
  const followers = new Set<number>();
  let line = 1;
  let isOut = false;
  for (const { text, breaks, begins, isLast } of splitItems(source.text, items)) {
    const rule = begins && !isLast ? items.rules.get(text) : undefined;
    const end = line + breaks;
    if (rule) found.push({ rule, line });
    else {
      if (isOut) followers.add(line);
      kept.push(text);
      for (let at = line; at < end; at++) lines.push(at);
    }
    isOut = rule !== undefined;
    line = end;
  }
  lines.push(line);
  if (found.length === 0) return undefined;
  const moved = <T extends { at: Position }>(one: T): T => {
    const { file, line: at, column } = one.at;
    return { ...one, at: { file, line: lines[at - 1] ?? line, column } };
  };
  const restore = (policy: Policy, root: Node): Policy | undefined => {
    const parsed = policy.rules.map(moved);
    // Not behind something else in its line: that may be the end of what began in front of the rules that were taken out.
    const first = parsed.filter(({ at }) => at.column === prefix.length + 1);
    const there = new Set(first.map(({ at }) => at.line));
    if (isFlow !== isFlowSeq(root) || ![...followers].every((follower) => there.has(follower)))
      return undefined;
    const back = found.map(({ rule, line }): Rule => ({ ...rule, at: { ...rule.at, line } }));
    const rules = [...parsed, ...back].sort((a, b) => a.at.line - b.at.line);
    if (rules.length > MAX_RULES || new Set(rules.map(({ name }) => name)).size < rules.length)
      return undefined;
    return { ...moved(policy), rules, tests: policy.tests.map(moved) };
  };
  return {
    source: new Source(source.file, kept.join('')),
    names: found.map(({ rule }) => rule.name),
    restore,
  };
}

interface Items {
  /** What stands before an item in its line: blanks, and the dash of a block. */
  prefix: string;
  /** `[{...}, {...}]`, an item on a line of its own. */
  isFlow: boolean;
  /** By their whole lines. */
  rules: Map<string, Rule>;
}

/** Rules that name lists are left out: what they match is not in their text. */
function knownItems({ text, policy: { rules } }: KnownPolicy): Items | undefined {
  const [first] = rules;
  if (!first) return undefined;
  const starts = [...lineStarts(text)];
  const startOf = (rule: Rule): number => starts[rule.at.line - 1] ?? text.length;
  const prefix = text.slice(startOf(first), startOf(first) + first.at.column - 1);
  if (!/^ *(- +)?$/.test(prefix)) return undefined;
  const isFlow = !prefix.includes('-');
  const isItem = (rule: Rule): boolean =>
    rule.at.column === prefix.length + 1 && beginsItem(text, startOf(rule), prefix, isFlow);
  const items = new Map<string, Rule>();
  for (const [index, rule] of rules.entries()) {
    const next = rules[index + 1];
    if (!next || !isItem(rule) || !isItem(next) || !isSelfContained(rule)) continue;
    const item = text.slice(startOf(rule), startOf(next));
    if (!isFlow || isFlowItem(item)) items.set(item, rule);
  }
  return { prefix, isFlow, rules: items };
}

/** Maps may also stand each in the line below its dash; no line of a flow begins with one. */
function isFlowItem(item: string): boolean {
  return /,\s*$/.test(item) && !/^ *-/m.test(item);
}

function isSelfContained({ match: { source, destination } }: Rule): boolean {
  return [source, destination].every((set) => !set || (set.small !== undefined && set.lists.length === 0));
}

function beginsItem(text: string, start: number, prefix: string, isFlow: boolean): boolean {
  if (!text.startsWith(prefix, start)) return false;
  const next = text.charAt(start + prefix.length);
  return isFlow ? next === '{' : next !== ' ';
}

/** The text in parts: what stands before the first item, then each item with all its lines. */
function* splitItems(
  text: string,
  { prefix, isFlow }: Items,
): Generator<{ text: string; breaks: number; begins: boolean; isLast: boolean }> {
  let [from, breaks] = [0, 0];
  let begins = beginsItem(text, 0, prefix, isFlow);
  for (const start of lineStarts(text)) {
    if (start === 0) continue;
    breaks++;
    if (!beginsItem(text, start, prefix, isFlow)) continue;
    yield { text: text.slice(from, start), breaks, begins, isLast: false };
    [from, breaks, begins] = [start, 0, true];
  }
  yield { text: text.slice(from), breaks, begins, isLast: true };
}

function isFlowSeq(root: Node): boolean {
  const rules = isMap(root) && fieldsOf(root).find(({ key }) => key.value === 'rules')?.value;
  return isSeq(rules) && rules.flow === true;
}
