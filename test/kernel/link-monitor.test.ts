// `ip monitor link` in a namespace whose interfaces come and go, and killed under us.
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { InterfaceWatcher } from '../../src/daemon/interface-watcher.js';
import { LinkMonitor } from '../../src/kernel/link-monitor.js';
import { createLab } from '../lab.js';
import { steady } from '../lab/pace.js';

const within = { interval: 50 };

it('tells of links, begins again when it dies, and leaves no process', async () => {
  await using lab = await createLab();
  await lab.inside(async () => {
    let told = 0;
    const pauses: number[] = [];
    const changed = () => told++;
    const monitor = new LinkMonitor({ changed, lost: (_reason, pause) => pauses.push(pause) });
    try {
      await expect.poll(() => told, within).toBe(1); // what it missed while it started
      await lab.addPair(1);
      await expect.poll(() => told, within).toBeGreaterThan(1);
      const first = monitor.pid ?? 0;
      process.kill(first, 'SIGKILL');
      await expect.poll(() => pauses, within).toEqual([1000]);
      await expect.poll(() => [undefined, first].includes(monitor.pid), within).toBe(false);
      process.kill(monitor.pid ?? 0, 'SIGTERM');
      await expect.poll(() => pauses, within).toEqual([1000, 2000]);
      await expect.poll(() => monitor.pid !== undefined, within).toBe(true);
      const before = told;
      await lab.exec('ip', 'link', 'del', 'veth1');
      await expect.poll(() => told, within).toBeGreaterThan(before);
    } finally {
      const { pid } = monitor;
      await monitor.close();
      expect(existsSync(`/proc/${pid ?? 'none'}`)).toBe(false);
    }
  });
});

it('an interface that came, went or was renamed is told of; one that went down is not', async () => {
  await using lab = await createLab();
  await lab.inside(async () => {
    let told = 0;
    const watcher = new InterfaceWatcher(
      () => told++,
      () => undefined,
    );
    let seen = 0;
    try {
      const link = async (...args: string[]) => {
        await lab.exec('ip', 'link', ...args);
        await expect.poll(() => told, within).toBeGreaterThan(seen);
        seen = told;
      };
      await link('add', 'br0', 'type', 'bridge');
      await link('set', 'br0', 'name', 'br1');
      seen = await steady(() => told); // a rename may be told twice
      for (const state of ['up', 'down', 'up']) await lab.exec('ip', 'link', 'set', 'br1', state);
      expect(await steady(() => told, 500)).toBe(seen);
      await link('del', 'br1');
    } finally {
      await watcher.close();
    }
  });
});
