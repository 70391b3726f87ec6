// `xdpkeep test`.
import { EXIT } from '../model/errors.js';
import { testPolicies } from '../inspect/packet-tests.js';
import { json, painter, printable } from '../report/style.js';
import { junit, renderTests } from '../report/packet-tests.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';

export interface TestCommand extends CommonOptions<'junit'> {
  /** The host was named and is not just that of this machine. */
  hostIsNamed: boolean;
}

export function runTest({ state, host, hostIsNamed, output, color }: TestCommand): CommandResult {
  const report = testPolicies({ stateDir: state, host, hostIsNamed });
  const format = {
    text: () => renderTests(report, painter(color)),
    json: () => json(report),
    junit: () => junit(report),
  };
  return {
    exitCode: report.failed === 0 ? EXIT.ok : EXIT.refused,
    out: format[output](),
    err: report.warnings.map((warning) => `warning: ${printable(warning)}\n`).join(''),
  };
}
