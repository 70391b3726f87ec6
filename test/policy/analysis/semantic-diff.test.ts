import { describe, expect, it } from 'vitest';
import type { PacketDescription, Policy } from '../../../src/model/policy.js';
import { describeAction } from '../../../src/policy/analysis/decisions.js';
import { evaluate } from '../../../src/policy/evaluate.js';
import { buildPacket } from '../../../src/policy/packet/build-packet.js';
import { reportPacketEffects } from '../../../src/policy/analysis/packet-effects.js';
import { diffPolicies } from '../../../src/policy/analysis/semantic-diff.js';
import { USUAL_PREFIX } from '../../../src/policy/rate-limit.js';
import { Random, randomPacket, randomPolicy, takenFor } from '../random.js';
import { rounds } from '../../support/budget.js';

const FAR = Date.UTC(2096, 0, 1);

function plain(random: Random, rules: number): Policy {
  const made = randomPolicy(random, rules, FAR);
  const unconditional = made.rules.map(({ name, match, action, at }) => ({ name, match, action, at }));
  return { ...made, rules: unconditional, mode: 'enforce' };
}

/** One rule removed, added, moved or turned, or a setting changed. */
function edited(random: Random, policy: Policy): Policy {
  const rules = policy.rules.slice();
  const at = random.below(rules.length);
  const [taken] = rules.splice(at, 1);
  if (!taken) return policy;
  if (random.chance(25)) rules.splice(random.below(rules.length + 1), 0, taken);
  else if (random.chance(25)) rules.splice(at, 0, { ...taken, action: { kind: 'tx' } });
  else if (random.chance(25)) rules.splice(at, 0, { ...taken, action: { kind: 'count' } });
  else if (random.chance(25)) rules.splice(at, 0, { ...taken, match: rules.at(-1)?.match ?? {} });
  else if (random.chance(10)) return { ...policy, fragments: 'drop' };
  else if (random.chance(10)) return { ...policy, neighborDiscovery: 'match' };
  return { ...policy, rules };
}

describe('the semantic diff', () => {
  it('of a policy with itself is empty', () => {
    const policy = plain(new Random(1), 40);
    const side = { policy, protections: [] };
    expect(diffPolicies(side, side)).toEqual({ changes: [], complete: true });
  });

  it('of a policy that only begins to drop what it counted before shows what is dropped', () => {
    const enforced: Policy = { ...plain(new Random(1), 3), default: 'drop' };
    const audited: Policy = { ...enforced, mode: 'audit' };
    const { changes } = diffPolicies(
      { policy: audited, protections: [] },
      { policy: enforced, protections: [] },
    );
    expect(changes).toContainEqual(
      expect.objectContaining({ from: 'pass (audit: drop)', to: 'drop', toRow: '(default)' }),
    );
  });

  it('knows what becomes of malformed frames', () => {
    const policy: Policy = { ...plain(new Random(1), 3), malformed: 'drop' };
    const fates = (to: Partial<Policy>) =>
      reportPacketEffects({ policy, protections: [] }, { policy: { ...policy, ...to }, protections: [] })
        .changes;
    const row = '(malformed)';
    const change = { fromRow: row, toRow: row, example: 'a malformed frame', from: 'drop' };
    expect(fates({ malformed: 'pass' })).toEqual([{ ...change, to: 'pass' }]);
    expect(fates({ mode: 'audit' })).toContainEqual({ ...change, to: 'pass (audit: drop)' });
    expect(fates({ mode: 'audit', malformed: 'pass' })).toContainEqual({ ...change, to: 'pass' });
  });

  it('rules that only count change no verdict; one that begins to count leaves its packets to the rest', () => {
    const base: Policy = { ...plain(new Random(1), 0), default: 'pass', rules: [] };
    const at = base.at;
    const all = (kind: 'count' | 'drop') => ({ name: 'all', match: {}, action: { kind }, at });
    const side = (rules: Policy['rules']) => ({ policy: { ...base, rules }, protections: [] });
    expect(diffPolicies(side([]), side([all('count')]))).toEqual({ changes: [], complete: true });
    expect(diffPolicies(side([all('drop')]), side([all('count')])).changes).toContainEqual(
      expect.objectContaining({ from: 'drop', to: 'pass', fromRow: 'all', toRow: '(default)' }),
    );
  });

  it('says every part of a rate', () => {
    const base = plain(new Random(1), 1);
    const side = (burst: number) => {
      const rateLimit = { packetsPerSecond: 10, burst, per: 'source' as const, prefix: USUAL_PREFIX };
      const rules = base.rules.map((one) => ({
        ...one,
        match: {},
        action: { kind: 'tx' } as const,
        rateLimit,
      }));
      return { policy: { ...base, rules }, protections: [] };
    };
    const [change] = diffPolicies(side(10), side(500)).changes;
    expect(change?.from).toMatch(/^tx, above 10 packets\/s per source, else /);
    expect(change?.to).toMatch(/^tx, above 10 packets\/s and bursts of 500 per source, else /);
  });

  it('knows that the time of a rule is over', () => {
    const base = plain(new Random(1), 1);
    const side = (rules: Policy['rules']) => ({ policy: { ...base, rules }, protections: [] });
    const ending = base.rules.map((one) => ({ ...one, match: {}, until: FAR }));
    expect(diffPolicies(side([]), side(ending), FAR)).toEqual({ changes: [], complete: true });
    expect(diffPolicies(side([]), side(ending), FAR - 1).changes).not.toEqual([]);
  });

  it('shows packets whose verdict really changes, and misses none of random packets', () => {
    const random = new Random(5);
    let changes = 0;
    for (let round = 0; round < rounds(80); round++) {
      const before = plain(random, 12);
      const after = edited(random, before);
      const decide = (policy: Policy, frame: Uint8Array, packet: PacketDescription): string =>
        describeAction(evaluate(policy, [], frame, takenFor(packet)).action);
      const diff = diffPolicies({ policy: before, protections: [] }, { policy: after, protections: [] });
      for (const change of diff.changes) {
        const frame = buildPacket(change.example);
        const taken = takenFor(change.example);
        expect(evaluate(before, [], frame, taken)).toMatchObject({ row: change.fromRow });
        expect(evaluate(after, [], frame, taken)).toMatchObject({ row: change.toRow });
        expect([decide(before, frame, change.example), decide(after, frame, change.example)]).toEqual([
          change.from,
          change.to,
        ]);
        changes++;
      }
      if (!diff.complete) continue;
      for (let packet = 0; packet < 200; packet++) {
        const frame = buildPacket(randomPacket(random));
        const was = evaluate(before, [], frame);
        const is = evaluate(after, [], frame);
        if (was.row === '(malformed)' || describeAction(was.action) === describeAction(is.action)) continue;
        const found = diff.changes.find((one) => one.fromRow === was.row && one.toRow === is.row);
        expect(found, `${was.row} -> ${is.row} is missing`).toBeDefined();
      }
    }
    expect(changes).toBeGreaterThan(rounds(80) < 80 ? 0 : 30);
  });
});

it('names every kind of packets that a change is about, that of the example first', () => {
  const side = (rules: Policy['rules']) => ({
    policy: { ...plain(new Random(1), 0), rules, default: 'pass' as const },
    protections: [],
  });
  const at = { file: 'policies/p.yaml', line: 1, column: 1 };
  const port = [{ from: 53, to: 53 }];
  const closed = (match: Policy['rules'][number]['match']) =>
    side([{ name: 'closed', match, action: { kind: 'drop' }, at }]);
  const kindsOf = (match: Policy['rules'][number]['match']) =>
    diffPolicies(side([]), closed(match)).changes.map(({ kinds }) => kinds);
  expect(kindsOf({ family: [4], protocol: [{ from: 17, to: 17 }] })).toEqual([
    ['IPv4 UDP', 'IPv4 later fragment'],
  ]);
  expect(
    kindsOf({
      protocol: [
        { from: 6, to: 6 },
        { from: 17, to: 17 },
      ],
      destinationPort: port,
    }),
  ).toEqual([['IPv4 TCP', 'IPv4 UDP', 'IPv6 TCP', 'IPv6 UDP']]);
});
