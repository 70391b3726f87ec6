// The status page and /metrics of a daemon: which path shows what. Answers are shared for a moment, so that readers cost
// the host the same however many they are.
import { readFileSync } from 'node:fs';
import { readHistory } from './history.js';
import type { HttpAddress } from './http/address.js';
import { Fresh } from './http/fresh.js';
import { type Answer, jsonAnswer, type Route, TYPES } from './http/routes.js';
import { type HttpServer, serve } from './http/server.js';
import { EnvironmentError } from './model/errors.js';
import { expose, type PassFigures } from './metrics/exposition.js';
import type { ReconcileOptions } from './goal.js';
import { readRuleTable } from './rule-table.js';
import { readSnapshot } from './snapshot.js';
import { status } from './status.js';

/** For how long an answer is as good as a new one. Milliseconds. */
const FRESH = 1000;

const ASSETS = {
  '/': ['index.html', TYPES.html],
  '/page.css': ['page.css', TYPES.css],
  '/page.js': ['page.js', TYPES.js],
  '/icon.svg': ['icon.svg', TYPES.svg],
} as const;

export interface WebOptions extends Omit<ReconcileOptions, 'dryRun'> {
  address: HttpAddress;
  version: string;
  /** How the last pass went; absent before the first has ended. */
  lastPass: () => PassFigures | undefined;
}

/** Throws an EnvironmentError when it cannot listen, or when the page was not built. */
export function openWeb(options: WebOptions): Promise<HttpServer> {
  const { dataDir, version, lastPass } = options;
  const made = {
    '/api/status': async () => jsonAnswer(await status(options)),
    '/api/rules': async () => jsonAnswer(await readRuleTable(options)),
    '/api/history': () => Promise.resolve(jsonAnswer(readHistory(dataDir).history)),
    '/metrics': async (): Promise<Answer> => {
      const pass = lastPass();
      const snapshot = await readSnapshot(options, version);
      const body = await expose({ ...snapshot, ...(pass && { pass }) });
      return { type: 'text/plain; version=0.0.4; charset=utf-8', body };
    },
  };
  const routes: [string, Route][] = [
    ...Object.entries(ASSETS).map(([path, [file, type]]): [string, Route] => {
      const body = asset(file);
      return [path, () => ({ type, body })];
    }),
    ...Object.entries(made).map(([path, make]): [string, Route] => {
      const fresh = new Fresh(make, FRESH);
      return [path, () => fresh.get()];
    }),
  ];
  return serve(options.address, new Map(routes));
}

/** Beside the bundle. */
function asset(file: string): Uint8Array {
  try {
    return readFileSync(new URL(`page/${file}`, import.meta.url));
  } catch (cause) {
    throw new EnvironmentError(`the status page is not there: page/${file}`, {
      hint: 'Install xdpkeep whole, or build it: npm run build.',
      cause,
    });
  }
}
