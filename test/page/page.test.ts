// The status page in a real browser, over a host that really filters.
// needs: curl lab
import { expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { createLab, type Lab } from '../lab.js';
import { background, finish, within } from '../lab/exec.js';
import { promtool } from '../lab/unpacked.js';
import { counts, writePolicy } from '../support/policies.js';
import { openBrowser, openPage } from './browser.js';

const ODD = '<img src=x onerror=alert(1)> "ping" & co';
const RULES = [
  { name: ODD, match: { protocol: 'icmp', icmpType: 'echo-request' }, action: 'drop' },
  {
    name: 'discard',
    match: { protocol: 'udp', destinationPort: 9 },
    action: 'drop',
    owner: 'netops',
    description: '<b>old</b>',
  },
  { name: 'off', action: 'drop', enabled: false },
];
const URL = 'http://127.0.0.1:9470/';

async function serve(lab: Lab, rules: object[] = RULES) {
  await lab.exec('ip', 'link', 'set', 'lo', 'up');
  writePolicy(lab, { rules });
  const daemon = lab.start(['reconcile', '--watch', '--http', '127.0.0.1:9470']);
  await expect.poll(() => curl(lab, 'metrics')).toContain('xdpkeep_last_pass_exit_code 0');
  return {
    daemon,
    [Symbol.asyncDispose]: async () => {
      daemon.kill('SIGTERM');
      await daemon;
    },
  };
}

async function curl(lab: Lab, path: string, ...options: string[]): Promise<string> {
  return (await finish(...within(lab.network.firewall, ['curl', '-s', ...options, URL + path]))).stdout;
}

it('shows how full the tables of connections are, where a policy asks', async () => {
  await using lab = await createLab();
  const asking = { name: 'answers', match: { connection: 'established' }, action: 'pass' };
  await using _served = await serve(lab, [asking]);
  await lab.exec('ping', '-n', '-q', '-c', '1', '-W', '2', lab.pair('veth0').peerAddress);
  await using browser = await openBrowser(lab);
  const page = await openPage(browser);
  await page.goto(URL);
  const section = page.locator('#connections-section');
  await section.waitFor({ state: 'visible' });
  expect(await section.locator('tbody th').allInnerTexts()).toEqual(['opened', 'served', 'begun']);
  await expect
    .poll(() => section.locator('tbody tr').first().locator('td').allInnerTexts())
    .toEqual(expect.arrayContaining(['131,072', expect.stringContaining('answered 1')]));
});

it('shows what status, counters and history say, as text, and follows them', async () => {
  await using lab = await createLab();
  await using _served = await serve(lab);
  await using browser = await openBrowser(lab);
  const page = await openPage(browser);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(URL);
  await page.locator('#conditions [data-condition="Ready"]').waitFor();
  expect(await page.locator('#connections-section').isHidden(), 'no rule asks').toBe(true);
  expect(await page.locator('#host').innerText()).toBe('lab');
  expect(await page.locator('#summary').innerText()).toMatch(/^In sync/);
  expect(await page.locator('#interfaces tbody th').allInnerTexts()).toEqual(['veth0']);
  expect(await page.locator('#rules-of-veth0 tbody th').first().innerText()).toBe(ODD);
  expect(await page.locator('img').count()).toBe(0);
  await expect.poll(() => page.locator('#history li[data-generation="1"]').count()).toBe(1);
  expect(await page.locator('#rules-of-veth0 td.place').first().innerText()).toMatch(
    /^policies\/edge\.yaml:\d+:\d+$/,
  );

  await lab.ping(3);
  await lab.send({ protocol: 17, destinationPort: 9 }, 40);
  const { [ODD]: pings, discard } = await counts(lab);
  expect([pings, discard]).toEqual([3, 40]);
  await expect.poll(() => countOf(page, 0)).toBe('3');
  await expect.poll(() => countOf(page, 1)).toBe('40');
  await page.locator('.uplot canvas').first().waitFor();
  expect(await page.locator('.plot').first().getAttribute('aria-label')).toMatch(
    /^Drops on veth0, packets a second now: /,
  );

  writePolicy(lab, { rules: RULES.slice(1) });
  await page.locator('#history li[data-generation="2"]').waitFor();
  await expect
    .poll(() => page.locator('#rules-of-veth0 tbody th').first().innerText())
    .toBe('discard <b>old</b> (owner: netops)');
  const off = page.locator('#rules-of-veth0 tbody tr', { has: page.locator('th', { hasText: /^off$/ }) });
  expect(await off.innerText()).toMatch(/drop, disabled/);
  await page.locator('#history li[data-generation="2"] summary').click();
  await expect
    .poll(() => page.locator('#history li[data-generation="2"] details').innerText())
    .toContain(`policy edge: drop by ${ODD}, now pass by (default). For example: icmp `);

  expect(await page.locator('#blocks-section').isVisible()).toBe(false);
  await lab.run(['block', '10.77.0.2', '--for', '1h', '--reason', 'a flood', '--owner', 'fail2ban-sshd']);
  await lab.ping(2);
  await expect
    .poll(() => page.locator('#blocks tbody tr').first().locator('th, td').allInnerTexts())
    .toMatchObject({ 0: '10.77.0.2', 1: 'fail2ban-sshd', 2: 'every', 4: '2' });
  expect(complaints).toEqual([]);
  expect(asked.filter((url) => !url.startsWith(URL))).toEqual([]);
});

function countOf(page: Page, row: number): Promise<string> {
  return page.locator('#rules-of-veth0 tbody tr').nth(row).locator('td.number').first().innerText();
}

it('is readable on a phone, in the dark, by keyboard and by a screen reader', async () => {
  await using lab = await createLab();
  await using _served = await serve(lab);
  await using browser = await openBrowser(lab);
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await openPage(browser, { viewport: { width: 360, height: 740 }, colorScheme });
    await page.goto(URL);
    await page.locator('#rules-of-veth0 tbody tr').first().waitFor();
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width, 'nothing is wider than the screen').toBeLessThanOrEqual(360);
    expect(await page.evaluate(CONTRAST)).toBeGreaterThan(7);
    await page.close();
  }
  const page = await openPage(browser);
  await page.goto(URL);
  await page.locator('#rules-of-veth0 tbody tr').first().waitFor();
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  expect(await page.evaluate('document.activeElement.id')).toBe('content');
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.className')).toBe('wide');
  expect(await page.getByRole('status').count()).toBe(1);
  expect(await page.getByRole('heading', { level: 2 }).allInnerTexts()).toEqual([
    'Conditions',
    'Interfaces',
    'Drops',
    'Rules',
    'History',
  ]);
  expect(await page.getByRole('rowheader', { name: 'veth0' }).count()).toBe(1);
  expect(await page.getByRole('columnheader', { name: 'Packets/s' }).count()).toBe(1);
});

/** Of text on its ground: WCAG 2's ratio. */
const CONTRAST = `(() => {
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const { color, backgroundColor } = getComputedStyle(document.body);
  const [dark, bright] = [light(color), light(backgroundColor)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
})()`;

it('answers to no other name, not beyond this machine, and not after the end', async () => {
  await using lab = await createLab();
  await using served = await serve(lab);
  const { daemon } = served;
  const status = (...options: string[]) =>
    curl(lab, 'api/status', '-o', '/dev/null', '-w', '%{http_code}', ...options);
  expect(await status()).toBe('200');
  expect(await status('-H', 'Host: localhost:9470')).toBe('200');
  expect(await status('-H', 'Host: attacker.example')).toBe('421');
  expect(await status('-X', 'POST')).toBe('405');
  expect(JSON.parse(await curl(lab, 'api/rules'))).toMatchObject({
    kind: 'Rules',
    interfaces: [{ name: 'veth0' }],
  });
  const checked = await promtool(['check', 'metrics'], `${await curl(lab, 'metrics')}\n`);
  expect(checked).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });

  const twice = await lab.run(['reconcile', '--watch', '--http', '127.0.0.1:9470']);
  expect(twice).toMatchObject({ exitCode: 78, stderr: expect.stringContaining('EADDRINUSE') as string });
  const open = await lab.run(['reconcile', '--watch', '--http', '0.0.0.0:9470']);
  expect(open).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining('--http-allow-remote') as string,
  });
  daemon.kill('SIGTERM');
  expect(await daemon).toMatchObject({ exitCode: 0 });
  expect(await status()).toBe('000');
});

it('hundreds of slow clients cost the loop nothing: a changed policy is applied meanwhile', async () => {
  await using lab = await createLab();
  await using _served = await serve(lab);
  const slow = background(...within(lab.network.firewall, [process.execPath, '-e', SLOW_CLIENTS]));
  writePolicy(lab, { rules: RULES.slice(1) });
  await expect.poll(() => counts(lab).then(Object.keys)).not.toContain(ODD);
  await expect.poll(() => curl(lab, 'metrics', '-m', '2')).toContain('xdpkeep_generation 2');
  slow.kill('SIGKILL');
  await slow.catch(() => undefined);
});

const SLOW_CLIENTS = `
for (let at = 0; at < 500; at++) {
  const socket = require('node:net').connect(9470, '127.0.0.1', () => socket.write('GET /api/status HT'));
  socket.on('error', () => {});
}
setTimeout(() => {}, 30000);`;
