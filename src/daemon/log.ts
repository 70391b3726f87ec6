// The log of a process that stays: pino on stderr, written synchronously so that no line is lost at the end.
import { type Logger, pino } from 'pino';
import { UsageError } from '../model/errors.js';
import { printable } from '../report/style.js';

const LEVELS = [...Object.keys(pino.levels.values), 'silent'];

/** JSON lines; on a terminal `12:00:01 info reconciled changed=true`. Throws a UsageError for an unknown level. */
export function openLog(readable: boolean): Logger {
  const level = process.env['XDPKEEP_LOG_LEVEL'] ?? 'info';
  if (!LEVELS.includes(level)) {
    throw new UsageError(`XDPKEEP_LOG_LEVEL is ${JSON.stringify(level)}, which is no level`, {
      hint: `Set it to one of ${LEVELS.join(', ')}.`,
    });
  }
  const options = { base: null, level };
  const stderr = pino.destination({ dest: 2, sync: true });
  if (!readable) return pino(options, stderr);
  return pino(options, { write: (line: string) => stderr.write(`${humanLine(line)}\n`) });
}

/** What a tool said (`log`) stands below, as it is. */
export function humanLine(line: string): string {
  const { time, level, msg, log, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const clock = new Date(Number(time)).toISOString().slice(11, 19);
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  const head = [clock, pino.levels.labels[Number(level)] ?? '', String(msg), ...fields].join(' ');
  const below = typeof log === 'string' ? log.trimEnd().split('\n') : [];
  return [head, ...below.map((one) => `    ${one}`)].map(printable).join('\n');
}
