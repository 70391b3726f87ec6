// A real Chromium in the network namespace of a lab: it can reach nothing but the lab.
// needs: chromium lab
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { Lab } from '../lab.js';
import { PATH } from '../lab/exec.js';

/** Milliseconds. */
const PATIENCE = 120_000;

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

export async function openBrowser(lab: Lab): Promise<Browser> {
  const home = join(lab.directory, 'browser');
  mkdirSync(home);
  const wrapper = join(home, 'chromium');
  writeFileSync(
    wrapper,
    `#!/bin/sh\nexec nsenter --net=/var/run/netns/${lab.network.firewall} /usr/bin/chromium "$@"\n`,
  );
  chmodSync(wrapper, 0o755);
  return chromium.launch({
    executablePath: wrapper,
    headless: true,
    args: FLAGS,
    env: { PATH, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
    timeout: PATIENCE,
  });
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(PATIENCE);
  return page;
}
