import { type Logger, pino } from 'pino';
import { expect, it, onTestFinished, test } from 'vitest';
import { humanLine, openLog } from '../../src/daemon/log.js';
import { PassLog } from '../../src/daemon/log-pass.js';
import { type Diagnostic, InvalidStateError } from '../../src/model/diagnostic.js';
import { LockedError } from '../../src/model/errors.js';
import type { Reconciliation } from '../../src/model/reconciliation.js';

function logged(act: (log: Logger) => void): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  act(
    pino(
      { base: null },
      { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) },
    ),
  );
  return lines;
}

const step = { interface: 'veth0', action: 'attach', reason: 'r', gap: false } as const;
const passed = (steps: object[], more: object = {}) =>
  ({ steps, interfaces: [], warnings: [], ...more }) as unknown as Reconciliation;

const at = { file: 'hosts/lab.yaml', line: 5, column: 3 };

it('says what the compiler said, and what to do', () => {
  const diagnostics: Diagnostic[] = [
    { severity: 'warning', summary: 'odd', detail: 'd1', at },
    { severity: 'error', summary: 'does not compile', detail: 'd2', hint: 'mend it', log: 'a.c:1: no', at },
  ];
  const lines = logged((log) => {
    new PassLog(log).failure(new InvalidStateError(diagnostics), ['start']);
  });
  expect(lines).toMatchObject([
    { level: 50, msg: '1 error in the state files' },
    { level: 40, msg: 'odd', ...at, detail: 'd1' },
    { level: 50, msg: 'does not compile', ...at, detail: 'd2', hint: 'mend it', log: 'a.c:1: no' },
  ]);
});

it('says the end of what the verifier said', () => {
  const verifier = Array.from({ length: 30 }, (_, line) => `line ${line}`).join('\n');
  const steps = [{ ...step, outcome: 'failed', error: 'refused', hint: 'h', log: verifier }];
  const [line] = logged((log) => {
    new PassLog(log).result(passed(steps), ['timer']);
  });
  expect(line).toMatchObject({ level: 50, msg: 'step', error: 'refused', hint: 'h' });
  expect(line?.['log']).toMatch(/^\.\.\. 10 lines before\nline 10\n[^]*line 29$/);
});

it('says one line for each change, once what goes on, and nothing of nothing', () => {
  const done = { ...step, outcome: 'done' };
  const drifted = { name: 'veth1', condition: 'Drifted', reason: 'detached' };
  const stale = { condition: 'SourceStale', reason: 'no route', revision: { commit: 'c0ffee' } };
  const suspension = { reason: 'switch', by: 'ops', since: '2026-01-01T00:00:00Z' };
  const idle = { steps: [{ ...step, outcome: 'unchanged' }] };
  const lines = logged((log) => {
    const passes = new PassLog(log);
    passes.result(passed([done], { generation: 3 }), ['start']);
    for (const causes of [['timer'], ['timer']]) passes.result(passed(idle.steps), causes);
    const more = { interfaces: [drifted], source: stale, suspensions: [suspension] };
    for (let times = 0; times < 3; times++) passes.result(passed([done], more), ['timer']);
    for (let times = 0; times < 3; times++) passes.failure(new LockedError('busy'), ['timer']);
    passes.result(passed([], { interfaces: [drifted] }), ['retry']);
    passes.failure(new TypeError('a bug'), ['timer']);
  });
  const news = lines.map(({ level, msg, interface: name }) => [level, msg, name].join(' ').trim());
  expect(news).toEqual([
    '30 step veth0',
    '30 step veth0',
    '40 detached veth1',
    expect.stringMatching(/^40 suspended: everything, /),
    '40 SourceStale: no route',
    '30 step veth0',
    '30 step veth0',
    '50 busy',
    '30 passes succeed again',
    '40 detached veth1',
    '50 a bug',
  ]);
  expect(lines[0]).toMatchObject({ action: 'attach', reason: 'r', outcome: 'done', generation: 3 });
});

test('on a terminal what a tool said stands below its line, and steers nothing', () => {
  const line = JSON.stringify({ time: 0, level: 50, msg: 'no\u001b[2J', line: 5, log: 'one\u202e\ntwo\n' });
  expect(humanLine(line)).toBe('00:00:00 error no\\x1b[2J line=5\n    one\\u{202e}\n    two');
});

test.each(['bogus', 'INFO', '30'])(
  'XDPKEEP_LOG_LEVEL=%s is refused with the levels that there are',
  (level) => {
    process.env['XDPKEEP_LOG_LEVEL'] = level;
    onTestFinished(() => {
      delete process.env['XDPKEEP_LOG_LEVEL'];
    });
    expect(() => openLog(false)).toThrow(
      expect.objectContaining({
        exitCode: 64,
        hint: 'Set it to one of trace, debug, info, warn, error, fatal, silent.',
      }),
    );
  },
);
