// The state of a packet beside the one that iptables' `-m conntrack` gives it, on the same host, packet by packet. With one seed
// everything is the same again (XDPKEEP_SEED).
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { type Judges, seatJudges } from '../lab/two-judges.js';
import { ip } from '../lab/traffic.js';
import { Random } from '../policy/random.js';
import { Writer } from '../../src/policy/packet/bytes.js';
import { classOf, DIFFERENCES, isDifferent } from '../support/conntrack-differences.js';
import { randomConversation } from '../support/conversations.js';
import { type HostAddresses, type Observed, Speaker } from '../support/speaker.js';
import { type Silent, type Stranger, Strangers } from '../support/strangers.js';

const SEED = Number(process.env['XDPKEEP_SEED'] ?? 20261130);
const CONVERSATIONS = 2_000;
const STRANGERS = 20_000;
/** Flows that are open while strangers come. */
const OPEN = 200;

const BEHIND = ['10.99.0.1', 'fd99::1'] as const;
const SILENT = ['10.98.0.1', 'fd98::1'] as const;

const both = ([four, six]: readonly [string, string]) => ({ 4: bytesOf(four), 6: bytesOf(six) });

function bytesOf(text: string): Uint8Array {
  const { family, a, b, c, d } = ip(text);
  const words = family === 4 ? [a] : [a, b, c, d];
  return words.reduce((writer, word) => writer.u32(word), new Writer()).bytes();
}

/** `> ` leaves, `< ` comes in: ours, theirs. */
const stories = (packets: readonly { story: string }[]) =>
  packets
    .slice(0, 5)
    .map(({ story }) => story)
    .join('\n');

interface Seen {
  observed: Observed[];
  strangers: Stranger[];
}

async function watch(lab: Lab, source?: 'conntrack'): Promise<Seen> {
  const { address, address6 } = lab.pair('veth0');
  const host: HostAddresses = { own: both([address, address6]), behind: both(BEHIND) };
  const silent: Silent = both(SILENT);
  using judges: Judges = await seatJudges(lab, [...SILENT], [...BEHIND], source);
  const random = new Random(SEED);
  const speaker = new Speaker(judges, random, host);
  const observed: Observed[] = [];
  const flows = Array.from({ length: CONVERSATIONS }, () =>
    speaker.converse(randomConversation(random), observed),
  );
  const open = flows.slice(-OPEN).filter(({ protocol }) => protocol === 'tcp' || protocol === 'udp');
  const crowd = new Strangers(speaker, host, silent, open);
  return { observed, strangers: Array.from({ length: STRANGERS }, () => crowd.next()) };
}

let seen: Seen;

beforeAll(async () => {
  await using lab = await createLab();
  seen = await watch(lab);
});

it('what conntrack lets in comes in, and nothing else, but for what docs/connections.md names', () => {
  const different = seen.observed.filter(isDifferent);
  expect(stories(different.filter((packet) => !classOf(packet)))).toBe('');
  const agreed = (state: string) =>
    seen.observed.filter((one) => !isDifferent(one) && one.theirs === state).length;
  expect(seen.observed.length).toBeGreaterThan(CONVERSATIONS * 3);
  for (const state of ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID'])
    expect(agreed(state), state).toBeGreaterThan(50);
  for (const one of DIFFERENCES)
    expect(different.filter((packet) => classOf(packet) === one).length, one.name).toBeGreaterThan(0);
});

it.each(DIFFERENCES)('docs/connections.md names that $name', ({ sentence }) => {
  const page = readFileSync('docs/connections.md', 'utf8').replaceAll(/\s+/g, ' ');
  expect(page.includes(sentence), sentence).toBe(true);
});

it('of what nobody asked for nothing is established or related', () => {
  const wrong = seen.strangers.filter(
    ({ ours, theirs }) => ['established', 'related'].includes(ours) || theirs === 'ESTABLISHED',
  );
  expect(wrong.slice(0, 10)).toEqual([]);
  const kinds = new Set(seen.strangers.map(({ what }) => what));
  for (let flags = 0; flags < 256; flags++) expect(kinds).toContain(`a scan with flags ${flags}`);
});

/** What conntrack can be asked about by our program. */
const isAsked = ({ protocol, kind }: Observed) =>
  (protocol === 'tcp' || protocol === 'udp') && kind !== 'error';

describe('a policy that has nothing but conntrack to ask, since nothing is recorded', () => {
  let alone: Seen;
  beforeAll(async () => {
    await using lab = await createLab();
    alone = await watch(lab, 'conntrack');
  });

  it('TCP and UDP are what iptables says, but for what docs/connections.md names', () => {
    const asked = alone.observed.filter(isAsked);
    expect(stories(asked.filter((one) => isDifferent(one) && !classOf(one)))).toBe('');
    for (const protocol of ['tcp', 'udp']) {
      const agreed = asked.filter((one) => one.protocol === protocol && one.ours === 'established');
      expect(agreed.filter((one) => !isDifferent(one)).length, protocol).toBeGreaterThan(100);
    }
  });

  it('errors are related only if iptables says so', () => {
    const errors = alone.observed.filter(({ kind, ours }) => kind === 'error' && ours === 'related');
    expect(stories(errors.filter(isDifferent))).toBe('');
    expect(errors.length).toBeGreaterThan(50);
  });

  it('it cannot be asked about anything else', () => {
    const others = alone.observed.filter(({ protocol }) => protocol === 'echo' || protocol === 'raw');
    expect(others.filter(({ ours }) => ours === 'established' || ours === 'related')).toEqual([]);
  });

  it('of what nobody asked for nothing is established or related', () => {
    expect(alone.strangers.filter(({ ours }) => ['established', 'related'].includes(ours))).toEqual([]);
  });
});
