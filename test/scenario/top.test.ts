// `top` in a real terminal, with real packets.
import { expect, it } from 'vitest';
import { scaled } from '../../src/report/cells.js';
import { createLab } from '../lab.js';
import { counts } from '../support/policies.js';
import { expectGivenBack, openTop, topLine } from '../support/top-terminal.js';

it('shows what a flood does to each rule, and the totals that counters has', async () => {
  await using lab = await createLab();
  await using terminal = await openTop(lab);
  await using flood = await lab.flood({ frames: 1e9, seconds: 600 });
  // In one picture: the flood pauses, and then a picture says so.
  const interface_ = /^veth0 .* (9\d\.\d|100)% dropped .*[▁-█]/;
  const rule = /no-ping +drop +(\d[\d.]*k|[\d.]+M) +[\d.]+[MG] .*[▁-█]/;
  await expect
    .poll(() => terminal.shown())
    .toMatch(new RegExp(`${interface_.source}[^]*${rule.source}`, 'm'));
  await flood.stop();
  const total = scaled((await counts(lab))['no-ping'] ?? 0);
  await expect.poll(() => terminal.shown()).toMatch(new RegExp(`no-ping +drop +0 +0 +${total}(?!\\S)`));
});

it('sorts and filters by keys, fits any size, and goes away without a trace', async () => {
  await using lab = await createLab();
  await using terminal = await openTop(lab);
  await terminal.press('n');
  await expect.poll(() => terminal.shown()).toContain('by name');
  await terminal.press('/', 'w', 'e', 'b', 'Enter');
  await expect.poll(() => terminal.shown()).toContain('1-1 of 1');
  await expect.poll(() => terminal.shown()).not.toContain('no-ping');
  await terminal.resize(40, 10);
  await expect.poll(async () => (await terminal.shown()).split('\n')[9]).toContain('1-1 of 1');
  await expect.poll(() => terminal.shown()).toMatch(/^web /m);
  await terminal.resize(10, 3);
  await expect.poll(() => terminal.shown()).toContain('too small');
  await terminal.resize(100, 40);
  await expect.poll(() => terminal.shown()).toContain('HISTORY');
  await terminal.press('q');
  await expectGivenBack(terminal);
  await expect.poll(() => terminal.shown()).toContain('before');
});

it('uses colours and bars only where they are wanted and known', async () => {
  await using lab = await createLab();
  await using plain = await openTop(lab, topLine(lab, 'NO_COLOR=1 LC_ALL=C'));
  await lab.ping(5);
  await expect.poll(() => plain.shown()).toMatch(/no-ping .* 5 +[.:=+*#@-]+/);
  expect(await plain.shown(true)).not.toContain('\x1b[3');
  expect(await plain.shown()).toMatch(/^[\x20-\x7e\n]*$/);
  await plain.press('q');
  await plain.type(topLine(lab));
  await expect.poll(() => plain.shown(true)).toMatch(/\x1b\[31mdrop/);
});

it('says lines or records where there is no terminal for pictures', async () => {
  await using lab = await createLab();
  await using terminal = await openTop(lab);
  await terminal.press('q');
  await terminal.type(`${topLine(lab, 'TERM=dumb')} --count 1; echo ended $?`);
  await expect.poll(() => terminal.shown()).toMatch(/ended \d/);
  expect(await terminal.shown()).toContain('ended 0');
  expect(await terminal.shown()).toMatch(/INTERFACE +RULE +ACTION/);
  await lab.ping(3);
  const piped = await lab.run(['top', 'veth0', '--every', '100ms', '--count', '2', '--output', 'json']);
  const [head, , last] = piped.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(head).toEqual({ apiVersion: 'xdpkeep/v1', kind: 'Stream' });
  expect(last).toMatchObject({ kind: 'Traffic', interfaces: [{ interface: 'veth0' }] });
  expect((await lab.run(['top', 'nothing'])).exitCode).toBe(64);
});
