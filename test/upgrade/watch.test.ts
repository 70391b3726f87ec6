// A process of the old build that stays: its files are replaced under it, and then the new one takes its place.
import { expect, it } from 'vitest';
import type { Lab } from '../lab.js';
import { hostFile } from '../support/host.js';
import { counts, policyFile } from '../support/policies.js';
import { createOldLab, install, links, LONG } from './installed.js';
import { Traffic } from './traffic.js';

const patient = { timeout: 60_000, interval: 100 };
const MORE = { name: 'udp', match: { protocol: 'udp', destinationPort: 9 }, action: 'drop' };

function writePolicy(lab: Lab, ...more: object[]): void {
  const rules = [{ name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' }, ...more];
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', { rules }),
    'hosts/lab.yaml': hostFile({ veth0: 'mode: native, policy: edge' }),
  });
}

it(
  'whatever the old process makes of files that are not its own, nothing is lost',
  { timeout: LONG },
  async () => {
    await using lab = await createOldLab();
    writePolicy(lab);
    const old = lab.start(['reconcile', '--watch']);
    let log = '';
    old.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const steps = () => log.match(/"msg":"step"/g)?.length ?? 0;
    await expect.poll(steps, patient).toBe(1);
    expect((await lab.ping(1)).received).toBe(0);
    const before = await links(lab);

    await using traffic = await Traffic.flow(lab);
    await install(lab, 'new');
    // It loads the program that ships, which is another one now: that is refused, or does what the policy says.
    writePolicy(lab, MORE);
    await expect.poll(steps, patient).toBe(2);
    expect(log).toMatch(/"outcome":"(done|failed)"[^\n]*\n$/);
    old.kill('SIGTERM');
    expect(await old).toMatchObject({ exitCode: 0 });

    const next = lab.start(['reconcile', '--watch']);
    await expect.poll(() => counts(lab), patient).toHaveProperty('udp');
    await lab.send({ protocol: 17, destinationPort: 9 }, 5);
    await expect.poll(() => counts(lab)).toMatchObject({ udp: 5 });
    next.kill('SIGTERM');
    expect(await next).toMatchObject({ exitCode: 0 });
    await traffic.unbroken();
    expect(await links(lab)).toEqual(before);
  },
);
