// Packet tests as people and CI systems read them.
import type { TestOutcome, TestReport } from '../model/packet-tests.js';
import { type Paint, printable } from './style.js';

/** One line per test, then the sum. */
export function renderTests({ tests, policies, failed, decidedBy }: TestReport, paint: Paint): string {
  const lines = tests.map((test) => {
    const mark = test.passed ? paint('green', 'ok  ') : paint('red', 'FAIL');
    return `${mark} ${oneLine(`${test.policy}: ${test.name}: ${verdicts(test)}`)}  ${place(test)}`;
  });
  const number = (count: number, noun: string, nouns: string): string =>
    `${count} ${count === 1 ? noun : nouns}`;
  const sum = `${number(tests.length, 'test', 'tests')} of ${number(policies.length, 'policy', 'policies')}`;
  return `${[...lines, `${sum}, ${failed} failed; decided by: ${decidedBy}`].join('\n')}\n`;
}

function verdicts(test: TestOutcome): string {
  const got = `${test.got.verdict} by ${test.got.rule}`;
  return test.passed ? got : `expected ${expected(test)}, got ${got}`;
}

function expected({ expected: { verdict, rule } }: TestOutcome): string {
  return rule === undefined ? verdict : `${verdict} by ${rule}`;
}

function place({ at }: TestOutcome): string {
  return oneLine(`${at.file}:${at.line}`);
}

/** A line break in a name must not begin a line that reads as ours. */
function oneLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n');
}

/** JUnit's XML as CI systems read it: a suite for each policy. */
export function junit({ tests, policies, failed, decidedBy }: TestReport): string {
  const suites = policies.map((policy) => {
    const own = tests.filter((test) => test.policy === policy);
    const wrong = own.filter(({ passed }) => !passed).length;
    const cases = own.map((test) => testCase(test));
    return `  <testsuite${attributes({ name: policy, tests: own.length, failures: wrong })}>
    <properties><property${attributes({ name: 'decided by', value: decidedBy })}/></properties>
${cases.join('')}  </testsuite>
`;
  });
  const all = attributes({ name: 'xdpkeep test', tests: tests.length, failures: failed });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${all}>\n${suites.join('')}</testsuites>\n`;
}

function testCase(test: TestOutcome): string {
  const { file, line } = test.at;
  const head = `    <testcase${attributes({ classname: test.policy, name: test.name, file, line })}`;
  if (test.passed) return `${head}/>\n`;
  const failure = `<failure${attributes({ message: verdicts(test), type: 'verdict' })}>${xml(place(test))}</failure>`;
  return `${head}>${failure}</testcase>\n`;
}

function attributes(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${xml(String(value))}"`)
    .join('');
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Without the characters that XML 1.0 has no way to write; line breaks would be spaces in an attribute. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char)
    .replace(/[\t\n\r]/g, (char) => `&#${char.charCodeAt(0)};`);
}
