import { expect, it } from 'vitest';
import { commentsOf } from '../../../src/desired/yaml/comments.js';
import { Source } from '../../../src/desired/yaml/source.js';
import { heedIgnores } from '../../../src/policy/analysis/ignores.js';
import type { Finding } from '../../../src/policy/analysis/lint.js';
import { rule } from '../policy.js';

/** A rule that was found to be shadowed, on this line. */
function shadowed(line: number): Finding {
  return {
    kind: 'shadowed',
    rule: rule(`on-${line}`, {}, 'drop', { at: { file: 'p', line, column: 1 } }),
    by: [],
  };
}

function heed(text: string, ...lines: number[]): { left: number[]; ignored: number; about: string[] } {
  const { left, ignored, about } = heedIgnores(lines.map(shadowed), commentsOf(new Source('p', text)));
  return {
    left: left.map((one) => one.rule.at.line),
    ignored,
    about: about.map(({ kind, message, at }) => `${at.line}:${at.column} ${kind}: ${message}`),
  };
}

it('is heard on the line of the rule, and alone on the line before', () => {
  expect(heed('- a # xdpkeep-ignore XK101 for show', 1)).toEqual({ left: [], ignored: 1, about: [] });
  expect(heed('# xdpkeep-ignore XK101 for show\n- a', 2)).toEqual({ left: [], ignored: 1, about: [] });
});

it('of two rules on two lines, a comment behind the first is about that one', () => {
  const text = '- a # xdpkeep-ignore XK101 for show\n- b';
  expect(heed(text, 1, 2)).toEqual({ left: [2], ignored: 1, about: [] });
  expect(heed(text, 2)).toMatchObject({ left: [2], about: [expect.stringContaining('1:5 idleIgnore')] });
});

it.each([
  ['# xdpkeep-ignore', 'badIgnore: it names no code'],
  ['# xdpkeep-ignore XK101', 'badIgnore: it does not say why XK101 is to be ignored'],
  ['# xdpkeep-ignore XK1 why', 'badIgnore: "XK1" is none of XK101, XK102'],
  ['# xdpkeep-ignore XK109 why', 'badIgnore: "XK109" is none of'],
  ['# xdpkeep-ignore XK102 why', 'idleIgnore: nothing that XK102 stands for'],
])('%s silences nothing: %s', (comment, finding) => {
  const { left, about } = heed(`${comment}\n- a`, 2);
  expect(left).toEqual([2]);
  expect(about).toEqual([expect.stringContaining(`1:1 ${finding}`)]);
});

it.each(['XK110', 'XK111'])(
  '%s is found where the policy runs: elsewhere its comment is not idle',
  (code) => {
    expect(heed(`- a # xdpkeep-ignore ${code} known`)).toEqual({ left: [], ignored: 0, about: [] });
    expect(heed(`- a # xdpkeep-ignore ${code}`).about).toEqual([expect.stringContaining('badIgnore')]);
  },
);

it('text that looks like a comment is none', () => {
  const text = `a: "# xdpkeep-ignore XK101 no"\nb: x# xdpkeep-ignore XK101 no\nc: |\n  # xdpkeep-ignore XK101 no\nd: '\n  # xdpkeep-ignore XK101 no'\n`;
  expect(commentsOf(new Source('p', text))).toEqual([]);
  expect(commentsOf(new Source('p', `${text}{e: [1, # yes\n2]}`))).toEqual([
    { text: '# yes', at: { file: 'p', line: 7, column: 9 }, alone: false },
  ]);
});
