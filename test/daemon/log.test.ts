import { type Logger, pino } from 'pino';
import { expect, it, onTestFinished, test } from 'vitest';
import { humanLine, openLog } from '../../src/daemon/log.js';
import { logFailure, logResult } from '../../src/daemon/log-pass.js';
import { type Diagnostic, InvalidStateError } from '../../src/model/diagnostic.js';
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

const at = { file: 'hosts/lab.yaml', line: 5, column: 3 };

it('says what the compiler said, and what to do', () => {
  const diagnostics: Diagnostic[] = [
    { severity: 'warning', summary: 'odd', detail: 'd1', at },
    { severity: 'error', summary: 'does not compile', detail: 'd2', hint: 'mend it', log: 'a.c:1: no', at },
  ];
  const lines = logged((log) => {
    logFailure(new InvalidStateError(diagnostics), ['start'], log);
  });
  expect(lines).toMatchObject([
    { level: 50, msg: '1 error in the state files', causes: ['start'] },
    { level: 40, msg: 'odd', ...at, detail: 'd1' },
    { level: 50, msg: 'does not compile', ...at, detail: 'd2', hint: 'mend it', log: 'a.c:1: no' },
  ]);
});

it('says the end of what the verifier said', () => {
  const verifier = Array.from({ length: 30 }, (_, line) => `line ${line}`).join('\n');
  const step = { interface: 'veth0', action: 'attach', reason: 'r', gap: false, outcome: 'failed' } as const;
  const result = { steps: [{ ...step, error: 'refused', hint: 'h', log: verifier }], warnings: [] };
  const [line] = logged((log) => {
    logResult(result as unknown as Reconciliation, ['timer'], log);
  });
  expect(line).toMatchObject({ level: 50, msg: 'step', error: 'refused', hint: 'h' });
  expect(line?.['log']).toMatch(/^\.\.\. 10 lines before\nline 10\n[^]*line 29$/);
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
