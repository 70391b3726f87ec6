// The rules of each interface, in the order in which they decide, with what they count and where they stand.
import type { InterfaceRules, RuleCounters } from '../model/rule-counters.js';
import { noteWords, type RuleNotes } from '../model/rule-notes.js';
import { element, fill, part, table } from './dom.js';
import type { Rates } from './rates.js';
import { grouped, rate } from './words.js';

const COLUMNS = [
  { title: 'Rule' },
  { title: 'Action' },
  { title: 'Packets', isNumber: true },
  { title: 'Bytes', isNumber: true },
  { title: 'Packets/s', isNumber: true },
  { title: 'Place', class: 'place' },
];

export function showRules({ interfaces }: RuleCounters, rates: Rates): void {
  const target = part('rules');
  if (interfaces.length === 0) {
    fill(target, element('p', { class: 'quiet' }, 'No interface runs a policy.'));
    return;
  }
  for (const one of interfaces) {
    const id = `rules-of-${one.name}`;
    const known = document.getElementById(id);
    const box =
      known ??
      element('div', {
        id,
        class: 'wide',
        role: 'region',
        tabindex: '0',
        'aria-label': `Rules on ${one.name}`,
      });
    if (!known) target.append(box);
    fill(box, element('table', {}, ...rows(one, rates)));
  }
  for (const child of [...target.children]) {
    if (!interfaces.some(({ name }) => child.id === `rules-of-${name}`)) child.remove();
  }
}

function rows({ name, policy, mode, rules, disabled = [] }: InterfaceRules, rates: Rates): Node[] {
  const now = rates.of(name)?.rows ?? [];
  const cells = rules.map((rule) => [
    named(rule),
    element('span', { class: rule.drops ? 'bad' : '' }, rule.action),
    grouped(rule.packets),
    grouped(rule.bytes),
    rate(now.find((row) => row.rule === rule.name)?.packets ?? 0),
    rule.at ?? 'built in',
  ]);
  const off = disabled.map((rule) => [named(rule), `${rule.action}, disabled`, '', '', '', rule.at]);
  const audit = mode === 'audit' ? ', which counts and drops nothing (audit)' : '';
  return table(COLUMNS, [...cells, ...off], `${name} runs the policy ${policy}${audit}.`);
}

/** With what people say of it. */
function named(rule: RuleNotes & { name: string }): Node | string {
  const told = noteWords(rule);
  return told === '' ? rule.name : element('span', {}, rule.name, element('small', {}, ` ${told}`));
}
