// What `xdpkeep lint --output json` prints, and the codes of what it finds. Codes are stable: ignores name them.
import type { Diagnostic } from './diagnostic.js';
import type { Position } from './position.js';

interface LintRule {
  code: string;
  severity: Diagnostic['severity'];
  /** Constant, as in `Diagnostic.summary`. */
  summary: string;
  about: string;
}

export const LINT_RULES = {
  shadowed: {
    code: 'XK101',
    severity: 'error',
    summary: 'shadowed rule',
    about: 'Rules before it decide every packet that it matches.',
  },
  redundant: {
    code: 'XK102',
    severity: 'warning',
    summary: 'redundant rule',
    about: 'Without it, every packet would meet the same action.',
  },
  contradictory: {
    code: 'XK103',
    severity: 'error',
    summary: 'contradictory rule',
    about: 'A rule before it matches the same packets and does something else.',
  },
  impossible: {
    code: 'XK104',
    severity: 'error',
    summary: 'impossible rule',
    about: 'No packet can ever be decided by it.',
  },
  expired: {
    code: 'XK105',
    severity: 'warning',
    summary: 'expired rule',
    about: 'Its `until` is over.',
  },
  emptyList: {
    code: 'XK106',
    severity: 'warning',
    summary: 'empty list',
    about: 'It asks for addresses of which there are none.',
  },
  undecided: {
    code: 'XK107',
    severity: 'warning',
    summary: 'undecided rule',
    about: 'Its packets fall into too many pieces to say whether it ever decides.',
  },
  badIgnore: {
    code: 'XK108',
    severity: 'warning',
    summary: 'unusable ignore',
    about: 'An `xdpkeep-ignore` comment without a known code or without a reason.',
  },
  idleIgnore: {
    code: 'XK109',
    severity: 'warning',
    summary: 'ignore without effect',
    about: 'An `xdpkeep-ignore` comment that silences nothing.',
  },
  mergedPackets: {
    code: 'XK110',
    severity: 'warning',
    summary: 'merged packets',
    about: 'It asks for `length` or a rate in packets where generic mode sees merged ones.',
  },
  hiddenTags: {
    code: 'XK111',
    severity: 'warning',
    summary: 'hidden tags',
    about: 'It asks for `vlan` on an interface of this host that may take tags off before XDP.',
  },
  answersInFragments: {
    code: 'XK112',
    severity: 'warning',
    summary: 'answers in fragments',
    about:
      'With `default: drop` it lets answers in, but what follows the first fragment of one is dropped, or comes in from everybody.',
  },
  missingNote: {
    code: 'XK120',
    severity: 'error',
    summary: 'missing field of a rule',
    about: 'The repository asks each rule for it: `lint` of xdpkeep.yaml.',
  },
  expiring: {
    code: 'XK121',
    severity: 'warning',
    summary: 'rule that ends soon',
    about: 'Its `until` is within the time that xdpkeep.yaml names.',
  },
  overruled: {
    code: 'XK122',
    severity: 'warning',
    summary: 'overruled rule',
    about: 'Layers before its own decide every packet that it matches, on an interface that runs both.',
  },
} as const satisfies Record<string, LintRule>;

/** Kinds of findings about comments; the others are about rules, and can be ignored. */
export type IgnoreKind = 'badIgnore' | 'idleIgnore';
export type LintKind = Exclude<keyof typeof LINT_RULES, IgnoreKind>;
type LintCode = (typeof LINT_RULES)[keyof typeof LINT_RULES]['code'];

export interface LintFinding extends Diagnostic {
  code: LintCode;
  policy: string;
  /** Absent when the finding is about a comment. */
  rule?: string;
  /** Rows that decide the rule's packets before it, in order; built-in ones have no place. */
  by: { row: string; at?: Position }[];
  /** A packet of the rule that the first of `by` decides, in words. */
  witness?: string;
  /** The same as the packet of a test, which `explain` takes. */
  packet?: Record<string, unknown>;
}

export interface LintReport {
  apiVersion: 'xdpkeep/v1';
  kind: 'LintReport';
  policies: string[];
  findings: LintFinding[];
  /** Findings that comments silenced. */
  ignored: number;
}
