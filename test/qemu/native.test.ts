// The package on the kernel of Debian 12, which is years older than that of most machines that run these tests: attaches
// natively to a virtio network card, and drops what comes from the other side.
import { expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab } from '../lab.js';
import { connect, ping } from '../lab/traffic.js';
import { policyFile } from '../support/policies.js';
import { makePackage } from '../system/deb.js';
import { Guest } from './guest.js';
import { WIDE_RULES } from './wide.js';

const ADDRESS = '10.77.9.1';
const HOST = `apiVersion: xdpkeep/v1
kind: Host
name: guest
interfaces: {eth0: {mode: native, policy: edge}}
`;
const POLICY = policyFile('edge', {
  rules: [{ name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' }],
  tests: [{ name: 'dies', packet: { protocol: 'icmp', source: '10.77.9.2' }, expect: 'drop' }],
});

const LEAVES = { name: 'leaves', match: { protocol: 'icmp' }, action: 'next' };
const WIDE = policyFile('wide', { nonIp: 'match', fragments: 'drop', rules: WIDE_RULES });

/** The longest way of a packet that is counted and answered, and that with connections beside it, which is the deepest stack. */
const ANSWERING = [
  { name: 'seen', match: { protocol: 'tcp' }, log: { oneIn: 1 }, action: 'count' },
  { name: 'rest', match: { protocol: ['tcp', 'udp'] }, action: 'reject' },
];
const REJECTING = policyFile('rejecting', {
  nonIp: 'match',
  rules: [...WIDE_RULES, ...ANSWERING],
  tests: [{ name: 'a stranger', packet: { destinationPort: 113 }, expect: 'reject', rule: 'rest' }],
});
const DEEPEST = policyFile('deepest', {
  rules: [
    ...WIDE_RULES,
    { name: 'known', match: { connection: 'established' }, action: 'count' },
    ...ANSWERING,
  ],
  tests: [{ name: 'a stranger', packet: { destinationPort: 113 }, expect: 'reject', rule: 'rest' }],
});

it('attaches natively to virtio_net under Linux 6.1', async () => {
  await using lab = await createLab();
  const deb = await makePackage(lab.directory);
  await using guest = await Guest.boot(deb, lab, '10.77.9.2');
  expect(await guest.must('cat /proc/version')).toContain('Linux version 6.1.');
  await guest.must(`ip address add ${ADDRESS}/24 dev eth0; ip link set eth0 up`);
  const answers = async () => (await ping(lab.network, ADDRESS, 2)).received;
  await expect.poll(answers).toBeGreaterThan(0);

  await guest.write('/state/hosts/guest.yaml', HOST);
  await guest.write('/state/policies/edge.yaml', POLICY);
  const xdpkeep = (command: string) =>
    guest.must(`XDPKEEP_HOST=guest XDPKEEP_STATE=/state xdpkeep ${command}`);
  const result = JSON.parse(await xdpkeep('reconcile --output json')) as Reconciliation;
  expect(result).toMatchObject({
    changed: true,
    interfaces: [{ name: 'eth0', mode: 'native', condition: 'Ready' }],
  });
  expect(await ping(lab.network, ADDRESS, 4)).toMatchObject({ sent: 4, received: 0 });
  expect(await xdpkeep('counters eth0')).toMatch(/no-ping +4 /);
  expect(await guest.must('bpftool net show')).toMatch(/eth0\(\d+\) driver id \d+/);

  await guest.write('/state/policies/wide.yaml', WIDE);
  await guest.write('/state/hosts/guest.yaml', HOST.replace('edge}', 'wide}'));
  await xdpkeep('reconcile');
  expect(await ping(lab.network, ADDRESS, 4)).toMatchObject({ sent: 4, received: 0 });
  expect(await xdpkeep('counters eth0')).toMatch(/no-ping-yet +4 /);

  // Layers: once searched in a loop, since rates are in them, and once without.
  const bare = WIDE_RULES.map((rule) => ({
    ...rule,
    rateLimit: undefined,
    until: undefined,
    log: undefined,
  }));
  for (const [name, rules] of Object.entries({ base: WIDE_RULES, plain: bare })) {
    await guest.write(`/state/policies/${name}.yaml`, policyFile(name, { rules: [LEAVES, ...rules] }));
    await guest.write('/state/hosts/guest.yaml', HOST.replace('policy: edge', `policies: [${name}, edge]`));
    await xdpkeep('reconcile');
    expect(await ping(lab.network, ADDRESS, 4)).toMatchObject({ sent: 4, received: 0 });
    const counted = await xdpkeep('counters eth0');
    expect(counted).toMatch(new RegExp(`${name}/leaves +4 `));
    expect(counted).toMatch(/edge\/no-ping +4 /);
    await guest.write('/state/hosts/guest.yaml', HOST);
    await xdpkeep('reconcile');
    await guest.must('rm -r /sys/fs/bpf/xdpkeep');
  }
  await guest.write('/state/policies/rejecting.yaml', REJECTING);
  await guest.write('/state/policies/deepest.yaml', DEEPEST);
  expect(await xdpkeep('test')).toContain('0 failed; decided by: kernel');
  await guest.write('/state/hosts/guest.yaml', HOST.replace('edge}', 'rejecting}'));
  await xdpkeep('reconcile');
  expect(await connect(lab.network, ADDRESS, 113)).toBe('refused');
  expect(await xdpkeep('counters eth0')).toMatch(/seen +1 [^]*rest +1 [^]*\(answered\) +1 /);
});
