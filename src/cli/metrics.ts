// `--metrics-file`: writes the metrics of this host after a one-shot pass, however the pass ended.
import { EXIT, type ExitCode, XdpkeepError } from '../model/errors.js';
import { type CommonOptions, lookOptions } from './options.js';
import type { CommandResult } from './result.js';

export interface MetricsFlags extends CommonOptions {
  metricsFile?: string;
}

/** Metrics are worth a warning, never the result of the pass. */
export async function withMetrics(
  options: MetricsFlags,
  version: string,
  run: () => Promise<CommandResult>,
): Promise<CommandResult> {
  const file = options.metricsFile;
  if (file === undefined) return run();
  const begun = performance.now();
  const write = async (exitCode: ExitCode): Promise<string> => {
    const milliseconds = performance.now() - begun;
    try {
      const [{ readHostMetrics }, { passFigures }, { writeTextfile }] = await Promise.all([
        import('../inspect/host-metrics.js'),
        import('../metrics/exposition.js'),
        import('../metrics/textfile.js'),
      ]);
      const snapshot = await readHostMetrics(lookOptions(options), version);
      await writeTextfile(file, { ...snapshot, pass: passFigures(exitCode, milliseconds) });
      return '';
    } catch (error) {
      return `warning: no metrics: ${error instanceof Error ? error.message : String(error)}\n`;
    }
  };
  try {
    const result = await run();
    return { ...result, err: (result.err ?? '') + (await write(result.exitCode)) };
  } catch (error) {
    const said = await write(error instanceof XdpkeepError ? error.exitCode : EXIT.bug);
    if (said !== '') process.stderr.write(said);
    throw error;
  }
}
