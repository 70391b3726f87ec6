// Connections on the kernel of Debian 12, which has no TCX links: what leaves is recorded by a filter of clsact.
import { expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab } from '../lab.js';
import { ping } from '../lab/traffic.js';
import { policyFile } from '../support/policies.js';
import { makePackage } from '../system/deb.js';
import { Guest } from './guest.js';

const [ADDRESS, OUTSIDE] = ['10.77.9.1', '10.77.9.2'];
const host = (policy: string) => `apiVersion: xdpkeep/v1
kind: Host
name: guest
interfaces: {eth0: {mode: native, policy: ${policy}}}
`;
const POLICY = policyFile('edge', {
  default: 'drop',
  rules: [{ name: 'answers', match: { connection: ['established', 'related'] }, action: 'pass' }],
});

it('answers come in under Linux 6.1, and strangers stay out', async () => {
  await using lab = await createLab();
  const deb = await makePackage(lab.directory);
  await using guest = await Guest.boot(deb, lab, OUTSIDE);
  expect(await guest.must('cat /proc/version')).toContain('Linux version 6.1.');
  await guest.must(`ip address add ${ADDRESS}/24 dev eth0; ip link set eth0 up`);
  await expect.poll(async () => (await ping(lab.network, ADDRESS, 2)).received).toBeGreaterThan(0);
  await guest.write('/state/policies/edge.yaml', POLICY);
  await guest.write('/state/policies/open.yaml', policyFile('open', { rules: [] }));
  await guest.write('/state/hosts/guest.yaml', host('edge'));
  const reconcile = async () =>
    JSON.parse(
      await guest.must('XDPKEEP_HOST=guest XDPKEEP_STATE=/state xdpkeep reconcile --output json'),
    ) as Reconciliation;
  expect(await reconcile()).toMatchObject({
    changed: true,
    interfaces: [{ name: 'eth0', mode: 'native', condition: 'Ready' }],
  });
  expect(await guest.must('bpftool net show')).toMatch(/eth0\(\d+\) clsact\/egress egress/);
  expect(await ping(lab.network, ADDRESS, 4)).toMatchObject({ sent: 4, received: 0 });
  expect(await guest.must(`ping -c 3 -W 2 ${OUTSIDE}`)).toContain('3 packets received');
  expect(await reconcile()).toMatchObject({ changed: false });

  await guest.write('/state/hosts/guest.yaml', host('open'));
  await reconcile();
  expect(await guest.must('bpftool net show')).not.toContain('clsact/egress');
});
