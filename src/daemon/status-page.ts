// Routes of the status page and /metrics. Answers are cached for a moment, so that many readers cost the host as much as
// one.
import { readFileSync } from 'node:fs';
import { reportGeneration } from '../inspect/history-changes.js';
import { readBlockReports } from '../inspect/blocks.js';
import { readHistory } from '../inspect/history.js';
import type { HttpAddress } from '../http/address.js';
import { Fresh } from '../http/fresh.js';
import { type Answer, jsonAnswer, type Route, TYPES } from '../http/routes.js';
import { type HttpServer, serve } from '../http/server.js';
import { mostHit } from '../model/blocks.js';
import { EnvironmentError } from '../model/errors.js';
import { expose, type PassFigures } from '../metrics/exposition.js';
import type { LookOptions } from '../model/pass-options.js';
import { readRuleCounters } from '../inspect/rule-counters.js';
import { readHostMetrics } from '../inspect/host-metrics.js';
import { status } from '../inspect/status.js';

/** For how long an answer is as good as a new one. Milliseconds. */
const FRESH = 1000;

/** Blocks on the page: those that drop most. */
const SHOWN = 50;

const ASSETS = {
  '/': ['index.html', TYPES.html],
  '/page.css': ['page.css', TYPES.css],
  '/page.js': ['page.js', TYPES.js],
  '/icon.svg': ['icon.svg', TYPES.svg],
} as const;

export interface WebOptions {
  about: LookOptions;
  address: HttpAddress;
  version: string;
  /** How the last pass went; absent before the first has ended. */
  lastPass: () => PassFigures | undefined;
}

/** Throws an EnvironmentError when it cannot listen, or when the page was not built. */
export function openWeb(options: WebOptions): Promise<HttpServer> {
  const { about, version, lastPass } = options;
  const { dataDir } = about;
  const made = {
    '/api/status': async () => jsonAnswer(await status(about)),
    '/api/rules': async () => jsonAnswer(await readRuleCounters(about)),
    '/api/blocks': () => Promise.resolve(jsonAnswer(mostHit(readBlockReports(about), SHOWN))),
    '/api/history': () => Promise.resolve(jsonAnswer(readHistory(dataDir).history)),
    '/metrics': async (): Promise<Answer> => {
      const pass = lastPass();
      const snapshot = await readHostMetrics(about, version);
      const body = await expose({ ...snapshot, ...(pass && { pass }) });
      return { type: 'text/plain; version=0.0.4; charset=utf-8', body };
    },
  };
  const fixed = new Map<string, Route>([
    ...Object.entries(ASSETS).map(([path, [file, type]]): [string, Route] => {
      const body = asset(file);
      return [path, () => ({ type, body })];
    }),
    ...Object.entries(made).map(([path, make]): [string, Route] => {
      const fresh = new Fresh(make, FRESH);
      return [path, () => fresh.get()];
    }),
  ]);
  const generations = new Generations(dataDir);
  return serve(options.address, (path) => fixed.get(path) ?? generations.route(path));
}

/** One generation in full. It does not change, but for its steps, and is dear to compare: the last few are kept. */
class Generations {
  static readonly #KEPT = 16;
  static readonly #MAX_AGE = 30_000;
  readonly #made = new Map<string, Fresh<Answer>>();

  constructor(private readonly dataDir: string) {}

  route(path: string): Route | undefined {
    const number = /^\/api\/generations\/([1-9]\d{0,8})$/.exec(path)?.[1];
    if (number === undefined) return undefined;
    const known = this.#made.get(number);
    const make = () =>
      Promise.resolve().then(() => jsonAnswer(reportGeneration(this.dataDir, Number(number))));
    const fresh = known ?? new Fresh(make, Generations.#MAX_AGE);
    this.#made.delete(number);
    this.#made.set(number, fresh);
    const [oldest] = this.#made.keys();
    if (this.#made.size > Generations.#KEPT && oldest !== undefined) this.#made.delete(oldest);
    return () => fresh.get();
  }
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
