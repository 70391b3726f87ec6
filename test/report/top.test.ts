import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InterfaceTraffic, Traffic } from '../../src/model/traffic.js';
import { fit, scaled } from '../../src/report/cells.js';
import { sparkline } from '../../src/report/sparkline.js';
import { renderTop, rowsOf, SORTS, TOP_START } from '../../src/report/top.js';

const plain = (_style: unknown, text: string): string => text;
const SCREEN = { columns: 80, rows: 24, unicode: true, paint: plain, host: 'edge-1' };

function interfaceOf(name: string, rules: [string, string, number, number][]): InterfaceTraffic {
  const all = rules.map(([rule, action, packets, packetsPerSecond]) => ({
    rule,
    action,
    packets,
    bytes: packets * 64,
    packetsPerSecond,
    bitsPerSecond: packetsPerSecond * 512,
    history: [0, packetsPerSecond / 2, packetsPerSecond],
  }));
  const sum = (field: 'packets' | 'bytes' | 'packetsPerSecond' | 'bitsPerSecond') =>
    all.reduce((total, one) => total + one[field], 0);
  const dropped = all
    .filter(({ action }) => action === 'drop')
    .reduce((total, one) => total + one.packetsPerSecond, 0);
  return {
    interface: name,
    packets: sum('packets'),
    bytes: sum('bytes'),
    packetsPerSecond: sum('packetsPerSecond'),
    bitsPerSecond: sum('bitsPerSecond'),
    dropShare: sum('packetsPerSecond') > 0 ? dropped / sum('packetsPerSecond') : 0,
    history: [1, 2, 3],
    rules: all,
  };
}

const TRAFFIC: Traffic = {
  time: Date.UTC(2026, 10, 26, 3, 14, 15),
  interfaces: [
    interfaceOf('ens5', [
      ['syn-flood', 'drop', 5_000_000, 900_000],
      ['web', 'pass', 70_000, 100_000],
    ]),
    interfaceOf('ens6', [['(default)', 'pass', 12, 0]]),
  ],
};

describe('top', () => {
  it('shows the host, the interfaces and the rules, the busiest first', () => {
    const lines = renderTop(TRAFFIC, TOP_START, SCREEN);
    expect(lines).toHaveLength(24);
    expect(lines[0]).toContain('03:14:15  edge-1  1.00M pkt/s  512M bit/s  90.0% dropped');
    expect(lines[1]).toMatch(/^ens5 +1\.00M pkt\/s +512M bit\/s +90\.0% dropped +▃▅█$/);
    expect(lines[4]).toMatch(/^ens5 +syn-flood +drop +900k +461M +5\.00M +▄█$/);
    expect(lines[5]).toMatch(/^ens5 +web +pass +100k/);
    expect(lines.at(-1)).toContain('1-3 of 3  by packets  q quit');
  });

  it('sorts, turns round and filters', () => {
    const names = (state: object) => rowsOf(TRAFFIC, { ...TOP_START, ...state }).map(({ rule }) => rule);
    expect(names({ sort: 'name' })).toEqual(['syn-flood', 'web', '(default)']);
    expect(names({ sort: 'total', reverse: true })).toEqual(['(default)', 'web', 'syn-flood']);
    expect(names({ filter: 'DROP' })).toEqual(['syn-flood']);
    expect(names({ filter: 'ens6' })).toEqual(['(default)']);
  });

  it('has exactly the lines of any terminal, none wider than it, whatever the names', () => {
    const state = fc.record({
      sort: fc.constantFrom(...SORTS),
      reverse: fc.boolean(),
      filter: fc.string({ maxLength: 3 }),
      editing: fc.boolean(),
      scroll: fc.nat(),
      paused: fc.boolean(),
    });
    const rules = fc.array(
      fc.tuple(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('drop', 'pass', 'audit', '?'),
        fc.nat(),
        fc.nat(),
      ),
      { maxLength: 40 },
    );
    const size = fc.record({
      columns: fc.integer({ min: 1, max: 250 }),
      rows: fc.integer({ min: 1, max: 80 }),
    });
    fc.assert(
      fc.property(state, fc.array(rules, { maxLength: 4 }), size, (view, all, { columns, rows }) => {
        const interfaces = all.map((some, at) => interfaceOf(`if${at}`, some));
        const lines = renderTop({ time: 0, interfaces }, view, { ...SCREEN, columns, rows, unicode: false });
        expect(lines).toHaveLength(rows);
        for (const line of lines) {
          expect(line.length).toBeLessThanOrEqual(columns);
          expect(line).toMatch(/^[\x20-\x7e]*$/);
        }
      }),
    );
  });
});

it('cuts text to columns, wide characters counting two', () => {
  expect([fit('abc', 5), fit('abcdef', 4), fit('防火墙', 5), fit('防火墙', 4, true)]).toEqual([
    'abc  ',
    'abc…',
    '防火…',
    '??? ',
  ]);
});

it('cuts text between graphemes', () => {
  const accented = 'e\u0301'.repeat(4); // each an e and its accent
  const family = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'; // one emoji of three people
  expect([fit(accented, 5), fit(accented, 3), fit(family, 3), fit(family + family, 3)]).toEqual([
    `${accented} `,
    `${accented.slice(0, 4)}…`,
    `${family} `,
    `${family}…`,
  ]);
});

it('writes numbers short', () => {
  expect([0, 0.25, 7.5, 12, 980.4, 999.6, 12_345, 1_234_567, 5e12].map(scaled)).toEqual([
    '0',
    '0.3',
    '7.5',
    '12',
    '980',
    '1.00k',
    '12.3k',
    '1.23M',
    '5.00T',
  ]);
});

describe('a sparkline', () => {
  it('is as high as its highest value, and shows little as more than nothing', () => {
    expect(sparkline([0, 1, 50, 100], 6, true)).toBe('   ▁▄█');
    expect(sparkline([1, 2, 3, 4], 2, false)).toBe('*@'.replace('*', '*'));
    expect(sparkline([], 3, true)).toBe('   ');
  });

  it('is exactly as wide as asked, for any numbers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double()),
        fc.integer({ min: 0, max: 100 }),
        fc.boolean(),
        (values, width, unicode) => {
          expect(sparkline(values, width, unicode)).toHaveLength(width);
        },
      ),
    );
  });
});
