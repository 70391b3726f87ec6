// The status page: asks the host what its commands say, and shows it. Changes nothing.
import type { Blocks } from '../model/blocks.js';
import type { RuleCounters } from '../model/rule-counters.js';
import type { Status } from '../model/status.js';
import { hideBlocks, showBlocks } from './blocks.js';
import { watchHistory } from './history.js';
import { showStatus, showTrouble } from './overview.js';
import { forgetPlots, resizePlots, showPlots } from './plots.js';
import { poll } from './poll.js';
import { Rates } from './rates.js';
import { showRules } from './rules.js';

/** Milliseconds between two questions. */
const PACE = 2000;

const rates = new Rates();

poll<Status>(
  'api/status',
  PACE,
  (status) => {
    showStatus(status);
    watchHistory(status.generation);
  },
  showTrouble,
);
poll<RuleCounters>(
  'api/rules',
  PACE,
  (rules) => {
    rates.add(rules, Date.now());
    showRules(rules, rates);
    showPlots(
      rules.interfaces.map(({ name }) => name),
      rates,
    );
  },
  showTrouble,
);
poll<Blocks>('api/blocks', PACE, showBlocks, hideBlocks);
window.addEventListener('resize', resizePlots);
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', forgetPlots);
