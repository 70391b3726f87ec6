// VLAN tags that lie beside the packet, as devices with an offload of tags hand them on: XDP does not see them, and everybody
// who speaks of `vlan` says so.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab } from '../lab.js';
import { compileProgram } from '../lab/programs.js';
import { reconcile, status } from '../support/host.js';
import { counts, writePolicy } from '../support/policies.js';

it('a rule by `vlan` never matches such a packet: plan, status, doctor, lint and explain say so', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [{ name: 'ten', match: { vlan: 10 }, action: 'drop' }] });
  const hidden = expect.stringMatching(
    /^veth0: policy edge asks for `vlan`, but rx-vlan-offload.*rxvlan off/,
  ) as string;
  expect((await reconcile(lab)).warnings).toContainEqual(hidden);
  expect((await status(lab)).warnings).toContainEqual(hidden);
  expect((await lab.run(['doctor'])).stdout).toMatch(/veth0.*rx-vlan-offload may take tags off/);
  const linted = /rule ten asks for `vlan`, and on veth0 of lab rx-vlan-offload may take tags off/;
  expect(await lab.run(['lint'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(linted) as string,
  });
  // Nothing is known of the interfaces of another host.
  expect((await lab.run(['lint', '--host', 'elsewhere'])).stdout).toContain('no errors, no warnings');
  const explained = await lab.run(['explain', 'veth0', '{vlan: 10}']);
  expect(explained.stdout).toMatch(/drop by ten[^]*but: rx-vlan-offload may take tags off/);

  // Beside the packet: not seen. In it: seen.
  const object = join(lab.directory, 'push_tag.o');
  writeFileSync(object, await compileProgram('push_tag'));
  await lab.execOutside('tc', 'qdisc', 'add', 'dev', 'peer0', 'clsact');
  await lab.execOutside(
    ...`tc filter add dev peer0 egress bpf direct-action object-file ${object} section tc`.split(' '),
  );
  await lab.ping(2);
  expect(await counts(lab)).toMatchObject({ ten: 0 });
  await lab.send({ vlan: [10], protocol: 17, destinationPort: 9 }, 3);
  await expect.poll(() => counts(lab)).toMatchObject({ ten: 3 });
  await lab.execOutside('tc', 'qdisc', 'del', 'dev', 'peer0', 'clsact');
});

it('doctor says it beside what keeps the policy off the interface', async () => {
  await using lab = await createLab();
  await lab.attachForeign('veth0', 'xdpgeneric');
  writePolicy(lab, { rules: [{ name: 'ten', match: { vlan: 10 }, action: 'drop' }] });
  const { stdout } = await lab.run(['doctor']);
  expect(stdout).toMatch(/^warning +veth0 .*a foreign program is in the way; rx-vlan-offload may/m);
  expect(stdout).toMatch(/`foreign: replace`\. ethtool -K veth0 rxvlan off/);
});
