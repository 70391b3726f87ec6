// `xdpkeep lint`.
import { lintState } from '../inspect/lint.js';
import { EXIT } from '../model/errors.js';
import { mayRunExecProbes } from '../probe/permission.js';
import { renderLint, sarif } from '../report/lint.js';
import { json, printable } from '../report/style.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';

type LintCommand = Pick<CommonOptions<'sarif'>, 'state' | 'host' | 'output' | 'color'>;

/** `version` of this program, which SARIF names. */
export function runLint({ state, host, output, color }: LintCommand, version: string): CommandResult {
  const { report, warnings } = lintState(state, host, { exec: mayRunExecProbes() });
  const format = {
    text: () => renderLint(report, color),
    json: () => json(report),
    sarif: () => json(sarif(report, version)),
  };
  return {
    exitCode: report.findings.some(({ severity }) => severity === 'error') ? EXIT.refused : EXIT.ok,
    out: format[output](),
    err: warnings.map((warning) => `warning: ${printable(warning)}\n`).join(''),
  };
}
