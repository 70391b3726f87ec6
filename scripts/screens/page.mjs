// page.mjs NAMESPACE FILE: the status page of a daemon in a network namespace, as a picture.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [, , namespace, file] = process.argv;
const home = mkdtempSync(join(tmpdir(), 'xdpkeep-browser-'));
const wrapper = join(home, 'chromium');
writeFileSync(wrapper, `#!/bin/sh\nexec nsenter --net=/var/run/netns/${namespace} /usr/bin/chromium "$@"\n`);
chmodSync(wrapper, 0o755);
const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
const browser = await chromium.launch({ executablePath: wrapper, args, env: { ...process.env, HOME: home } });
try {
  const page = await browser.newPage({ viewport: { width: 1000, height: 900 } });
  for (let tries = 0; ; tries++) {
    try {
      await page.goto('http://127.0.0.1:9470/');
      break;
    } catch (error) {
      if (tries > 20) throw error;
      await page.waitForTimeout(500);
    }
  }
  await page.locator('.uplot canvas').first().waitFor();
  await page.waitForTimeout(8000);
  await page.screenshot({ path: file, fullPage: true });
} finally {
  await browser.close();
  rmSync(home, { recursive: true, force: true });
}
