// The schema of the safeguards of a change in a Host file: probes, a guard on the counters, a time for confirmation.
import * as z from 'zod';
import { DURATION_PATTERN, parseDuration } from '../../text/duration.js';
import type { CounterGuard, Probe, ProbeTarget } from '../../model/safeguards.js';
import { checkFields } from '../yaml/check-fields.js';
import { mayBeAbsent, textValue, wholeNumber } from '../policy/values.js';
import { type Problem, quote } from '../../text/wording.js';

/** Defaults: milliseconds of one try, and the number of tries. */
const TIMEOUT = 2000;
const TRIES = 3;
const MINUTE = 60_000;
export const DAY = 1440 * MINUTE;

/** A duration from `from` to `to`; all in milliseconds. */
export function duration(from: number, to: number, words: string): z.ZodType<number, string> {
  return textValue(
    (text): number | Problem => {
      const ms = from === 0 && text === '0s' ? 0 : parseDuration(text);
      if (ms !== undefined && ms >= from && ms <= to) return ms;
      return { message: `must be a time from ${words}, like 500ms, 30s, 2m or 1h, not ${quote(text)}` };
    },
    { pattern: from === 0 ? `^0s$|${DURATION_PATTERN}` : DURATION_PATTERN },
  );
}

/** No dash at the beginning, so that ping cannot take it for an option. */
const HOST = /^[A-Za-z0-9_:][A-Za-z0-9._:-]{0,252}$/;

const hostText = z.string().regex(HOST, 'must be an address or a name of a host');

/** Host and port of `10.0.1.10:443`, `example.org:80` or `[2001:db8::1]:443`. */
const endpoint = textValue(
  (text): { host: string; port: number } | Problem => {
    const [, v6, name, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
    const host = v6 ?? name ?? '';
    const port = Number(digits);
    if (HOST.test(host) && port > 0 && port <= 0xffff) return { host, port };
    return { message: `must be like 10.0.1.10:443 or [2001:db8::1]:443, not ${quote(text)}` };
  },
  { pattern: String.raw`^(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+):\d{1,5}$` },
);

const url = textValue(
  (text): string | Problem =>
    /^https?:\/\//.test(text) && URL.canParse(text)
      ? text
      : { message: `must be a URL of http or https, not ${quote(text)}` },
  { pattern: '^https?://' },
);

const KINDS = ['ping', 'tcp', 'http', 'dns', 'exec'] as const;

const probeFields = z.strictObject({
  ping: mayBeAbsent(hostText).describe('Address or name that answers an echo request.'),
  tcp: mayBeAbsent(endpoint).describe('HOST:PORT to which a TCP connection can be made.'),
  http: mayBeAbsent(url).describe('URL whose GET is answered with a status from 200 to 399.'),
  dns: mayBeAbsent(hostText).describe('Name that has an address.'),
  server: mayBeAbsent(hostText).describe('The resolver that `dns` asks; default: those of the host.'),
  exec: mayBeAbsent(
    z
      .array(z.string().max(4096, 'must be 4096 characters at most'))
      .min(1, 'must not be an empty list')
      .max(64, 'must be a command with 63 arguments at most')
      .refine(([file = '']) => file.startsWith('/'), 'must begin with the absolute path of a command'),
  ).describe('Command and arguments, without a shell, that exits with 0.'),
  timeout: mayBeAbsent(duration(100, MINUTE / 2, '100ms to 30s')).describe(
    'What one try may take. Default: 2s.',
  ),
  tries: mayBeAbsent(wholeNumber(1, 10)).describe('It holds when one of them does. Default: 3.'),
});

type WrittenProbe = z.output<typeof probeFields>;

const probe = probeFields
  .superRefine(
    ...checkFields<WrittenProbe>(function* (written) {
      const [kind, second] = KINDS.filter((one) => written[one] !== undefined);
      if (!kind) {
        const message = `needs one of ${KINDS.join(', ')}`;
        yield {
          fields: ['ping', 'tcp', 'http', 'dns', 'exec'],
          ofMap: true,
          summary: 'missing field',
          message,
          hint: 'Write one of them, for example ping: 10.0.0.1.',
        };
      } else if (second) {
        yield {
          fields: [second, kind],
          message: `and \`${kind}\` are two probes`,
          hint: 'Write one a line.',
        };
      }
      if (written.server !== undefined && kind !== 'dns')
        yield {
          fields: ['server'],
          message: 'goes with `dns` alone',
          hint: 'Remove it, or ask for a name: `dns: NAME`.',
        };
    }),
  )
  .meta({ oneOf: KINDS.map((kind) => ({ required: [kind] })) });

const guard = z
  .strictObject({
    window: duration(500, 5 * MINUTE, '500ms to 5m').describe(
      'How long the counters are watched after a change.',
    ),
    factor: mayBeAbsent(z.number().min(1, 'must be 1 or more').max(1e6, 'must be 1000000 at most')).describe(
      'A row fails above so many times the rate that it dropped at before. Default: 10.',
    ),
    minimum: mayBeAbsent(wholeNumber(1, 1e9)).describe(
      'Packets per second up to which no row fails. Default: 100.',
    ),
    ignore: mayBeAbsent(z.array(z.string()).max(1024)).describe('Rules that are meant to drop.'),
  })
  .describe('Undo a change after which a policy drops far more than before.');

export const safeguardFields = {
  probes: mayBeAbsent(z.array(probe).max(64, 'must have 64 entries at most')).describe(
    'What must hold after a change if it held before; else the change is undone.',
  ),
  guard: mayBeAbsent(guard),
  confirm: mayBeAbsent(duration(5000, DAY, '5s to 24h')).describe(
    'A change that nobody confirms in this time is undone.',
  ),
};

export interface WrittenSafeguards {
  probes?: WrittenProbe[];
  guard?: z.output<typeof guard>;
  confirm?: number;
}

/** With the defaults filled in. */
export function toProbes({ probes = [] }: WrittenSafeguards): Probe[] {
  return probes.flatMap(({ timeout = TIMEOUT, tries = TRIES, ...written }): Probe[] => {
    const target = toTarget(written);
    return target ? [{ target, timeout, tries }] : [];
  });
}

function toTarget({ ping, tcp, http, dns, exec, server }: WrittenProbe): ProbeTarget | undefined {
  if (ping !== undefined) return { kind: 'ping', host: ping };
  if (tcp !== undefined) return { kind: 'tcp', ...tcp };
  if (http !== undefined) return { kind: 'http', url: http };
  if (dns !== undefined) return { kind: 'dns', name: dns, ...(server !== undefined && { server }) };
  return exec && { kind: 'exec', command: exec };
}

export function toGuard({ guard: written }: WrittenSafeguards): CounterGuard | undefined {
  return written && { factor: 10, minimum: 100, ignore: [], ...written };
}
