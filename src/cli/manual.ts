// `xdpkeep manual [PAGE]`: a page of the manual in roff.
import type { Command } from 'commander';
import { EXIT } from '../model/errors.js';
import type { MANUAL_PAGES } from './manual/pages.js';
import { programPage } from './manual/program-page.js';
import { statePage } from './manual/state-page.js';
import type { CommandResult } from './result.js';

export function runManual(which: (typeof MANUAL_PAGES)[number], program: Command): CommandResult {
  const version = program.version() ?? '';
  const out = which === 'state' ? statePage(version) : programPage(program, version);
  return { exitCode: EXIT.ok, out };
}
