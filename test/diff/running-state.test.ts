// What runs, put as a wish; and a wish, put as what it means here.
import { expect, it } from 'vitest';
import { diff } from '../../src/diff/diff.js';
import { resolvedState, runningState } from '../../src/diff/running-state.js';
import { desired, instance, nic, observed, ours, owned, wanted } from '../support/states.js';

const { program } = wanted('a');

it('names each interface that runs our link, with its mode and the program of the records', () => {
  const have = observed([nic('a', 3, ours({ mode: 'generic' })), nic('b', 4)], [owned('a'), owned('b')]);
  expect(runningState('edge', have, (digest) => (digest === 'aaaa' ? program : undefined))).toEqual({
    host: 'edge',
    digest: 'running',
    written: 'running',
    interfaces: [
      {
        pattern: 'a',
        mode: 'generic',
        foreign: 'refuse',
        program,
        at: { file: 'the kernel', line: 1, column: 1 },
      },
    ],
  });
});

it('says so where no record knows the program, or its pin is lost', () => {
  const labels = (instances = [instance('aaaa', 10)]) =>
    runningState(
      'edge',
      observed([nic('a', 3, ours())], [owned('a', { instances })]),
      () => undefined,
    ).interfaces.map((one) => [one.program.label, one.program.digest]);
  expect(labels()).toEqual([['that no generation knows, aaaa', 'aaaa']]);
  expect(labels([])).toEqual([['that no generation knows, of a lost pin', 'of a lost pin']]);
});

it('resolves patterns to names, and `auto` to the mode that runs', () => {
  const mode = (asked: 'auto' | 'native', runs: 'native' | 'generic' | 'offload') => {
    const want = desired(wanted('a*', { mode: asked, foreign: 'replace' }));
    const have = observed([nic('a', 3, ours({ mode: runs }))], [owned('a'), owned('z')]);
    const { interfaces } = resolvedState(want, diff(want, have));
    expect(interfaces).toMatchObject([{ pattern: 'a', foreign: 'refuse' }]);
    return interfaces[0]?.mode;
  };
  expect(mode('auto', 'generic')).toBe('generic');
  expect(mode('auto', 'offload')).toBe('auto');
  expect(mode('native', 'generic')).toBe('native');
  const want = desired(wanted('a', { mode: 'auto' }));
  expect(resolvedState(want, diff(want, observed([nic('a', 3)]))).interfaces[0]?.mode).toBe('auto');
});
