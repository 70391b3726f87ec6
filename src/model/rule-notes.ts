// What people say of a rule, for people. It decides nothing, and a change of it alone loads nothing.

export interface RuleNotes {
  description?: string;
  /** Who answers for it. */
  owner?: string;
  /** Where it was asked for. */
  ticket?: string;
}

/** In the order in which they are shown. */
export const RULE_NOTES = Object.keys({
  description: true,
  owner: true,
  ticket: true,
} satisfies Record<keyof RuleNotes, true>) as (keyof RuleNotes)[];

/** Nothing else of what may hold notes. */
export function notesOf(rule: RuleNotes | undefined): RuleNotes {
  return Object.fromEntries(
    RULE_NOTES.flatMap((note) => (rule?.[note] === undefined ? [] : [[note, rule[note]]])),
  );
}

/** `answers to what this host asked (owner: netops, ticket: NET-12)`; empty where they say nothing. */
export function noteWords({ description, owner, ticket }: RuleNotes): string {
  const who = Object.entries({ owner, ticket }).flatMap(([note, text]) =>
    text === undefined ? [] : [`${note}: ${text}`],
  );
  return [description, who.length > 0 ? `(${who.join(', ')})` : undefined]
    .flatMap((part) => part ?? [])
    .join(' ');
}
