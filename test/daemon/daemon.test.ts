// What makes the daemon look again. Its passes fail at once (there are no state files), and say what caused them.
// needs: lab
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type DaemonOptions, runDaemon } from '../../src/daemon/daemon.js';
import { steady } from '../lab/pace.js';

interface Line {
  causes?: string[];
  reason?: string;
  hint?: string;
}

/** Runs until `act` is over; what was logged. */
async function run(when: Partial<DaemonOptions['when']>, act: () => Promise<void>): Promise<Line[]> {
  const folder = mkdtempSync(join(tmpdir(), 'xdpkeep-test-'));
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
    shouldAdvanceTime: true,
  });
  onTestFinished(() => {
    vi.useRealTimers();
    rmSync(folder, { recursive: true });
  });
  const lines: Line[] = [];
  const log = pino(
    { base: null, level: 'debug' },
    { write: (line: string) => lines.push(JSON.parse(line) as Line) },
  );
  const unread = new AbortController();
  const before = process.rawListeners('SIGTERM');
  const daemon = runDaemon({
    pass: {
      from: { stateDir: join(folder, 'state'), host: 'lab' },
      dataDir: join(folder, 'data'),
      bpffs: join(folder, 'bpffs'),
      change: {},
      dryRun: false,
    },
    when: { watch: false, schedule: undefined, ...when },
    log,
    emit: () => undefined,
    passed: () => undefined,
    unread: unread.signal,
  });
  await expect.poll(() => causes(lines)).toContain('start');
  await steady(() => lines.length);
  await act();
  await steady(() => lines.length, 600);
  unread.abort();
  await daemon;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    for (const added of process.rawListeners(signal).filter((one) => !before.includes(one)))
      process.off(signal, added as () => void);
  }
  return lines;
}

const aMinute = async () => {
  await vi.advanceTimersByTimeAsync(60_000);
};
const causes = (lines: Line[]) => lines.flatMap((line) => line.causes ?? []);

it('--schedule alone looks at the start and at its times, not every minute', async () => {
  const lines = await run({ schedule: '0 0 1 1 *' }, aMinute);
  expect(causes(lines)).toEqual(['start']);
});

it('--watch looks every minute besides', async () => {
  const lines = await run({ watch: true }, aMinute);
  expect(causes(lines)).toContain('timer');
});

it('ends when nobody reads what it emits, and says what to do about a failed pass', async () => {
  const lines = await run({ watch: true }, () => Promise.resolve());
  expect(lines.map(({ hint }) => hint).join()).toContain('--state');
  expect(lines.at(-1)?.reason).toBe('the reader left');
});
