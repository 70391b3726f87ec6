// The data directory is damaged, read-only, full or gone while a change waits: at its deadline the former programs decide
// again all the same, and nothing brings the change back by itself.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { must } from '../lab/exec.js';
import { reconcile, status } from '../support/host.js';
import { writePolicy } from '../support/policies.js';
import {
  CHANGES,
  command,
  decided,
  DROP,
  endTime,
  LONG,
  OTHER,
  running,
  watchdogs,
  writeGuarded,
} from '../support/trials.js';

interface Damage {
  name: string;
  do: (lab: Lab) => void;
  /** Exit code of the passes that come after it, and what the journal says to a repair. */
  after: number;
}

const DAMAGES: Damage[] = [
  {
    name: 'a bit of the journal flips',
    do: ({ dataDir }) => {
      const file = join(dataDir, 'journal.ndjson');
      const bytes = readFileSync(file);
      bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
      writeFileSync(file, bytes);
    },
    after: 74,
  },
  {
    name: 'the journal is removed',
    do: ({ dataDir }) => {
      rmSync(join(dataDir, 'journal.ndjson'));
    },
    after: 74,
  },
  {
    name: 'the announcement is overwritten',
    do: ({ dataDir }) => {
      writeFileSync(join(dataDir, 'pending.json'), '{}');
    },
    after: 13,
  },
  {
    name: 'the data directory is removed',
    do: ({ dataDir }) => {
      rmSync(dataDir, { recursive: true });
    },
    after: 13,
  },
  {
    name: 'the data directory is moved away',
    do: ({ dataDir }) => {
      renameSync(dataDir, `${dataDir}.moved`);
    },
    after: 13,
  },
];

const CASES = DAMAGES.flatMap((damage, at) =>
  CHANGES.filter(({ change }) => change === 'update' || at === 0 || at === 4).map((way) => ({
    ...way,
    damage,
  })),
);

it.each(CASES)('$damage.name while $change waits', async ({ from, to, damage }) => {
  await using lab = await createLab();
  const former = await wait(lab, from, to);
  damage.do(lab);
  await endTime(lab);
  expect(await running(lab)).toBe(former);
  for (const args of [[], ['--allow-prune-all']])
    expect((await lab.run(['reconcile', ...args])).exitCode).toBe(damage.after);
  expect(await running(lab)).toBe(former);
  if (damage.after === 74) {
    expect((await lab.run(['journal', 'repair'])).exitCode).toBe(0);
    expect((await lab.run(['reconcile', '--allow-prune-all'])).exitCode).toBe(13);
    expect(await running(lab)).toBe(former);
  }
  expect((await status(lab)).pending).toBeUndefined();
  expect((await lab.run(['resume'])).exitCode).toBe(0);
  await reconcile(lab, 0, '--allow-prune-all', '--confirm-within', '1h');
  expect(await running(lab)).not.toBe(former);
  // What ran before is in no generation any more: it decides again, and is left alone.
  const isLost = damage.name.includes('directory') && former !== undefined;
  await command(lab, isLost ? 13 : 0, 'cancel');
  expect(await running(lab)).toBe(former);
  await decided(lab);
});

it.each(['read-only', 'full'])('the disk is %s when the deadline comes', async (how) => {
  await using lab = await createLab();
  mkdirSync(lab.dataDir);
  await must('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'none', lab.dataDir]);
  try {
    const former = await wait(lab, DROP, OTHER);
    if (how === 'full') fill(lab.dataDir);
    else await must('mount', ['-o', 'remount,ro', lab.dataDir]);
    await endTime(lab);
    expect(await running(lab)).toBe(former);
    expect((await lab.run(['reconcile'])).exitCode).toBe(how === 'full' ? 74 : 78);
    await must('mount', ['-o', 'remount,rw,size=4m', lab.dataDir]);
    expect(await reconcile(lab, 13)).toMatchObject({ hold: { generation: 1 } });
    expect(await running(lab)).toBe(former);
    await decided(lab);
  } finally {
    await must('umount', [lab.dataDir]);
  }
});

it('the data directory is gone when the deadline comes, and somebody reads events', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [{ name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' }] });
  await reconcile(lab);
  const former = await running(lab);
  writePolicy(lab, { rules: [] });
  await reconcile(lab, 0, '--confirm-within', '1h');
  expect(await running(lab)).not.toBe(former);
  const reader = lab.start(['events']);
  let said = '';
  reader.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await expect.poll(() => said).toContain('listening on veth0');
  renameSync(lab.dataDir, `${lab.dataDir}.moved`);
  await endTime(lab);
  expect(await running(lab)).toBe(former);
  reader.kill('SIGTERM');
  expect((await reader).exitCode, said).toBe(0);
});

it('a pass undoes the change of a run that was killed, though the journal is damaged', async () => {
  await using lab = await createLab();
  writeGuarded(lab, DROP);
  await reconcile(lab);
  const former = await running(lab);
  writeGuarded(lab, OTHER, LONG);
  const env = { XDPKEEP_FAILPOINT: 'outcome:before' };
  expect(await lab.run(['reconcile'], { env })).toMatchObject({ signal: 'SIGKILL' });
  for (const pid of watchdogs(lab)) process.kill(pid, 'SIGKILL');
  expect(await running(lab)).not.toBe(former);
  DAMAGES[0]?.do(lab);
  expect((await lab.run(['reconcile'])).exitCode).toBe(74);
  expect(await running(lab)).toBe(former);
});

it('without its data directory a change goes on waiting, and can be confirmed', async () => {
  await using lab = await createLab();
  await wait(lab, DROP, OTHER);
  const changed = await running(lab);
  rmSync(lab.dataDir, { recursive: true });
  expect(await reconcile(lab)).toMatchObject({ changed: false, pending: { generation: 2 } });
  writeGuarded(lab, DROP);
  await command(lab, 17, 'reconcile');
  writeGuarded(lab, OTHER);
  await command(lab, 0, 'confirm');
  await decided(lab);
  expect(await running(lab)).toBe(changed);
  expect(await reconcile(lab)).toMatchObject({ interfaces: [{ condition: 'Ready' }] });
  expect(await running(lab)).toBe(changed);
});

/** A change that waits; the program that ran before it. */
async function wait(
  lab: Lab,
  from: Record<string, string>,
  to: Record<string, string>,
): Promise<number | undefined> {
  writeGuarded(lab, from);
  await reconcile(lab);
  const former = await running(lab);
  writeGuarded(lab, to);
  await reconcile(lab, 0, '--confirm-within', '1h', '--allow-prune-all');
  expect(await running(lab)).not.toBe(former);
  return former;
}

function fill(folder: string): void {
  rmSync(join(folder, 'reserve'), { force: true });
  for (const size of [65_536, 4096, 1]) {
    try {
      for (;;) writeFileSync(join(folder, `filler-${size}`), Buffer.alloc(size), { flag: 'a' });
    } catch {
      // smaller, then
    }
  }
}
