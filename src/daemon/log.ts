// The log of a process that stays: pino on stderr, written synchronously so that no line is lost at the end.
import { type Logger, pino } from 'pino';

/** JSON lines; on a terminal `12:00:01 info reconciled changed=true`. */
export function openLog(readable: boolean): Logger {
  const options = { base: null, level: process.env['XDPKEEP_LOG_LEVEL'] ?? 'info' };
  const stderr = pino.destination({ dest: 2, sync: true });
  if (!readable) return pino(options, stderr);
  return pino(options, { write: (line: string) => stderr.write(`${humanLine(line)}\n`) });
}

function humanLine(line: string): string {
  const { time, level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const clock = new Date(Number(time)).toISOString().slice(11, 19);
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [clock, pino.levels.labels[Number(level)] ?? '', String(msg), ...fields].join(' ');
}
