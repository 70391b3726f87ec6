import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Rates } from '../../src/model/rates.js';

it('makes rates of two looks, and a history of many', () => {
  const rates = new Rates(3);
  [0, 100, 300, 300, 1300].forEach((packets, second) => {
    rates.update(second * 1000, [{ key: 'a', packets, bytes: packets * 64 }]);
  });
  expect(rates.rate('a')).toEqual({ packetsPerSecond: 1000, bitsPerSecond: 512_000 });
  expect(rates.history('a')).toEqual([200, 0, 1000]);
  expect(rates.rate('b')).toEqual({ packetsPerSecond: 0, bitsPerSecond: 0 });
});

it('has no rate for a counter that is new, went back, or was away', () => {
  const rates = new Rates(3);
  const look = (second: number, ...packets: number[]) => {
    rates.update(
      second * 1000,
      packets.map((count) => ({ key: 'a', packets: count, bytes: count })),
    );
    return rates.rate('a').packetsPerSecond;
  };
  expect([look(0, 5), look(1, 9), look(2, 2), look(3), look(4, 100), look(5, 101)]).toEqual([
    0, 4, 0, 0, 0, 1,
  ]);
});

it('loses nothing: rates times their seconds are what was counted', () => {
  const steps = fc.array(fc.record({ ms: fc.integer({ min: 1, max: 5000 }), packets: fc.nat(1e9) }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(steps, (all) => {
      const rates = new Rates(10);
      let [at, packets, sum] = [0, 0, 0];
      rates.update(at, [{ key: 'a', packets, bytes: 0 }]);
      for (const step of all) {
        at += step.ms;
        packets += step.packets;
        rates.update(at, [{ key: 'a', packets, bytes: 0 }]);
        sum += rates.rate('a').packetsPerSecond * (step.ms / 1000);
      }
      expect(sum).toBeCloseTo(packets, 0);
    }),
  );
});
