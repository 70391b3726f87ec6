// A pass as a whole on a host that is made up: which phase says what, and what every safety keeps from happening. The same with a
// real kernel is in test/scenario/.
import { beforeEach, describe, expect, it } from 'vitest';
import { EXIT, RefusedError } from '../../src/model/errors.js';
import { wanted } from '../support/states.js';
import { NOT_ASKED, PassHost, suspension } from '../fakes/pass.js';

let host: PassHost;
beforeEach(() => {
  host = new PassHost();
  host.kernel.addInterface('a', 2);
  host.kernel.addInterface('b', 3);
});

describe('a pass', () => {
  it('brings in what is wanted, as a generation, and has nothing to do the next time', async () => {
    const first = await host.pass([wanted('a'), wanted('b')]);
    expect(first).toMatchObject({
      host: 'edge',
      generation: 1,
      changed: true,
      dryRun: false,
      exitCode: EXIT.ok,
      steps: [
        { interface: 'a', action: 'attach', outcome: 'done', maps: { fresh: [{ name: 'icmp_drops' }] } },
        { interface: 'b', outcome: 'done' },
      ],
      interfaces: [
        { name: 'a', condition: 'Ready', mode: 'native', digest: 'aaaa' },
        { name: 'b', condition: 'Ready' },
      ],
    });
    expect(host.running('a')).toEqual(['native aaaa']);
    expect(host.machine.mounts).toEqual([host.bpffs]);
    const second = await host.pass([wanted('a'), wanted('b')]);
    expect(second).toMatchObject({
      generation: 1,
      changed: false,
      steps: [{ outcome: 'unchanged' }, { outcome: 'unchanged' }],
    });
    expect(await host.story()).toHaveLength(4);
    expect(host.kernel.opened).toBe(0);
  });

  it('without its lock plans and proves, and changes nothing', async () => {
    const seen = await host.pass([wanted('a')], { look: true });
    expect(seen).toMatchObject({ generation: 0, changed: true, dryRun: true });
    expect(seen.steps).toMatchObject([{ action: 'attach', outcome: 'planned' }]);
    expect(host.running('a')).toEqual([]);
    expect(host.machine.mounts).toEqual([]);
    expect(host.kernel.opened).toBe(0);
  });

  it('leaves an interface alone whose program is refused, and does the others', async () => {
    host.machine.refused.set('a', new RefusedError('its packet tests fail', { hint: 'correct it' }));
    const result = await host.pass([wanted('a'), wanted('b')]);
    expect(result.steps).toMatchObject([
      { interface: 'a', outcome: 'refused', error: 'its packet tests fail', hint: 'correct it' },
      { interface: 'b', outcome: 'done' },
    ]);
    expect(result.interfaces).toMatchObject([
      { name: 'a', condition: 'Refused', reason: 'its packet tests fail' },
      { condition: 'Ready' },
    ]);
    expect(result.exitCode).toBe(EXIT.refused);
  });

  it('heals drift within its generation', async () => {
    await host.pass([wanted('a')]);
    host.kernel.removeLink('a');
    const healed = await host.pass([wanted('a')]);
    expect(healed).toMatchObject({ generation: 1, steps: [{ drift: 'detached', outcome: 'done' }] });
  });

  it('makes another generation of another state', async () => {
    await host.pass([wanted('a')]);
    expect(await host.pass([wanted('a', { digest: 'bbbb' })])).toMatchObject({
      generation: 2,
      steps: [{ action: 'update', outcome: 'done' }],
    });
    expect(host.running('a')).toEqual(['native bbbb']);
  });
});

describe('safeties', () => {
  it('a suspension keeps its interface as it is', async () => {
    const suspensions = { ask: { inForce: [suspension('a')], except: new Set<string>() } };
    const result = await host.pass([wanted('a'), wanted('b')], { safeties: { suspensions } });
    expect(result.steps).toMatchObject([
      { interface: 'a', outcome: 'suspended' },
      { interface: 'b', outcome: 'done' },
    ]);
    expect(result).toMatchObject({ suspensions: [suspension('a')], exitCode: EXIT.held });
    expect(host.running('a')).toEqual([]);
  });

  it('the prune guard refuses what takes everything away, unless it is not asked', async () => {
    await host.pass([wanted('a')]);
    await expect(host.pass([])).rejects.toMatchObject({ exitCode: EXIT.pruneGuard });
    expect(host.running('a')).toEqual(['native aaaa']);
    const gone = await host.pass([], { safeties: { pruneGuard: NOT_ASKED } });
    expect(gone.steps).toMatchObject([{ action: 'detach', outcome: 'done' }]);
    expect(host.running('a')).toEqual([]);
  });
});
