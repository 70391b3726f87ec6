// Runs of the old build that were cut off, and plans that it wrote: the new one finishes the first and refuses the second.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { document, reconcile } from '../support/host.js';
import { OTHER, running, start, writeGuarded } from '../support/trials.js';
import { createOldLab, install, LONG } from './installed.js';
import { Traffic } from './traffic.js';

it.each(['generation:after', 'intent:after', 'pin:after', 'swap:before', 'swap:after', 'clean:after'])(
  'a run that died at %s',
  { timeout: LONG },
  async (point) => {
    await using lab = await createOldLab();
    const former = await start(lab);
    writeGuarded(lab, OTHER);
    const killed = await lab.run(['reconcile'], { env: { XDPKEEP_FAILPOINT: point } });
    expect(killed).toMatchObject({ signal: 'SIGKILL' });
    await using traffic = await Traffic.flow(lab);
    await install(lab, 'new');
    const result = await reconcile(lab);
    expect(result.interfaces).toMatchObject([{ name: 'veth0', condition: 'Ready' }]);
    expect(await running(lab)).not.toBe(former);
    expect(await reconcile(lab)).toMatchObject({ changed: false });
    await traffic.unbroken();
    expect(document(await lab.run(['journal', 'verify', '--output', 'json']), 0)).toMatchObject({
      sound: true,
    });
    document(await lab.run(['rollback', '--output', 'json']), 0);
    expect((await lab.ping(2)).received).toBe(0);
  },
);

it(
  'a plan that the old build wrote is refused by name, and nothing is changed',
  { timeout: LONG },
  async () => {
    await using lab = await createOldLab();
    const former = await start(lab);
    writeGuarded(lab, OTHER);
    const plan = join(lab.directory, 'plan.json');
    document(await lab.run(['plan', '--out', plan, '--output', 'json']), 0);
    await install(lab, 'new');
    const refused = await lab.run(['apply', plan]);
    expect(refused, refused.stderr).toMatchObject({ exitCode: 16, stdout: '' });
    expect(refused.stderr).toMatch(
      /the plan is for another release: 0\.1\.0, and this is \d[\d.]* \(build [0-9a-f]{12}\)/,
    );
    expect(refused.stderr).toContain('Make a new plan: xdpkeep plan --out FILE');
    expect(await running(lab)).toBe(former);
  },
);
