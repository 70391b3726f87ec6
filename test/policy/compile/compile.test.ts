import { describe, expect, it } from 'vitest';
import type { Rule } from '../../../src/model/policy.js';
import { bindTables, compilePolicy } from '../../../src/policy/compile/compile.js';
import { Random } from '../random.js';
import { addressSet } from '../../support/addresses.js';
import { AT, policy } from '../policy.js';

function fiveFields(count: number): Rule[] {
  const random = new Random(3);
  const network = (): Rule['match']['source'] & object => {
    const length = random.pick([8, 16, 20, 24, 32]);
    const a = ((random.below(2 ** 32) >>> 0) & (0xffffffff << (32 - length))) >>> 0;
    return addressSet([{ family: 4, a, b: 0, c: 0, d: 0, length }]);
  };
  return Array.from({ length: count }, (_, index) => {
    const port = random.below(60_000);
    return {
      name: `rule-${index}`,
      match: {
        protocol: [random.pick([6, 17])].map((one) => ({ from: one, to: one })),
        source: network(),
        destination: network(),
        sourcePort: [{ from: 1024 + random.below(1000), to: 65535 }],
        destinationPort: [{ from: port, to: port + random.below(2000) }],
      },
      action: { kind: 'drop' },
      at: AT,
    };
  });
}

describe('compiling', () => {
  // How long it takes is for `npm run bench`.
  it('makes tables that grow with the rules, and not with their square', () => {
    const size = (rules: number) => compilePolicy(policy(fiveFields(rules))).blob.length;
    expect(size(1000)).toBeLessThan(2.5 * size(500));
  });

  it('gives the same tables for the same policy, and others for another', () => {
    const same = compilePolicy(policy(fiveFields(20)));
    expect(compilePolicy(policy(fiveFields(20)))).toEqual(same);
    expect(compilePolicy(policy(fiveFields(21))).blob).not.toEqual(same.blob);
  });

  it('says which slot or interface is missing', () => {
    const redirects = fiveFields(1).map((rule): Rule => ({
      ...rule,
      action: { kind: 'redirect', interface: 'veth-scrub' },
    }));
    const tables = compilePolicy(policy(redirects));
    const slots = new Map(tables.owners.map(({ row }, slot) => [row, slot]));
    const binding = {
      slots,
      ifindexes: new Map<string, number>(),
      sets: [],
      taiOffset: 0,
      blocks: false,
      frames: { frags: false, noEthernet: false },
    };
    expect(() => bindTables(tables, binding)).toThrow('no ifindex for veth-scrub');
    expect(() => bindTables(tables, { ...binding, slots: new Map() })).toThrow(
      'no counter slot for (protect)',
    );
  });

  it('refuses more rules than there are bits for', () => {
    expect(() => compilePolicy(policy(fiveFields(1025)))).toThrow('1024 rules');
  });
});
