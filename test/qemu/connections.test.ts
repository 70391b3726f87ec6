// Rules that ask about connections under the kernels of Debian 12, 13 and the next one, natively and generic. The first has no TCX links: what
// leaves is recorded by a filter of clsact there.
// needs: debian iptables lab node-lts qemu
import { expect, it } from 'vitest';
import type { Reconciliation } from '../../src/model/reconciliation.js';
import { createLab, type Lab } from '../lab.js';
import { connect, ping } from '../lab/traffic.js';
import { ANSWER, ASK, serveIn } from '../support/datagrams.js';
import { policyFile } from '../support/policies.js';
import { ECHO, TALK } from '../support/streams.js';
import { makePackage } from '../system/deb.js';
import { Guest } from './guest.js';
import { WIDE_RULES } from './wide.js';

const [ADDRESS, WORLD] = ['10.77.9.1', '10.77.9.2'];
const [ADDRESS6, WORLD6] = ['fd77:9::1', 'fd77:9::2'];
const NODE = '/usr/lib/xdpkeep/node';

const host = (fields: string) => `apiVersion: xdpkeep/v1
kind: Host
name: guest
interfaces: {eth0: {${fields}}}
`;
const PLAIN = policyFile('plain', {
  rules: [{ name: 'no-ping', match: { protocol: 'icmp', icmpType: 'echo-request' }, action: 'drop' }],
});
const ends = (source: string, destination: string) => ({ protocol: 'udp', source, destination });
const ASKING = policyFile('asking', {
  default: 'drop',
  rules: [
    { name: 'answers', match: { connection: ['established', 'related'] }, action: 'pass' },
    { name: 'web', match: { connection: 'new', protocol: 'tcp', destinationPort: 8080 }, action: 'pass' },
  ],
  tests: [
    {
      name: 'an answer',
      after: [{ outgoing: { ...ends(ADDRESS, WORLD), sourcePort: 40_000, destinationPort: 53 } }],
      packet: { ...ends(WORLD, ADDRESS), sourcePort: 53, destinationPort: 40_000 },
      expect: 'pass',
      rule: 'answers',
    },
    { name: 'no answer', packet: { protocol: 'udp', destinationPort: 40_000 }, expect: 'drop' },
  ],
});

/** The deepest stack. */
const WIDE = policyFile('wide', {
  default: 'drop',
  nonIp: 'match',
  rules: [...WIDE_RULES, { name: 'answers', match: { connection: 'established' }, action: 'pass' }],
  tests: [{ name: 'an answer', packet: { protocol: 'udp', connection: 'established' }, expect: 'pass' }],
});

async function boot(lab: Lab, suite: string): Promise<Guest> {
  const deb = await makePackage(lab.directory);
  const guest = await Guest.boot(deb, lab, WORLD, suite);
  await guest.must(
    `ip address add ${ADDRESS}/24 dev eth0; ip link set eth0 up; /bin/ip -6 address add ${ADDRESS6}/64 dev eth0 nodad`,
  );
  await lab.execOutside('ip', '-6', 'address', 'add', `${WORLD6}/64`, 'dev', 'tap0', 'nodad');
  await expect.poll(async () => (await ping(lab.network, ADDRESS, 2)).received).toBeGreaterThan(0);
  await guest.write('/state/policies/plain.yaml', PLAIN);
  await guest.write('/state/policies/asking.yaml', ASKING);
  await guest.write('/state/policies/wide.yaml', WIDE);
  await guest.write('/ask.cjs', ASK.replace('slice(1)', 'slice(2)'));
  await guest.write(
    '/talk.cjs',
    TALK.replaceAll(/argv\[(\d)\]/g, (_, at) => `argv[${Number(at) + 1}]`),
  );
  await guest.write(
    '/echo.cjs',
    ECHO.replaceAll(/argv\[(\d)\]/g, (_, at) => `argv[${Number(at) + 1}]`),
  );
  return guest;
}

const xdpkeep = (command: string) => `XDPKEEP_HOST=guest XDPKEEP_STATE=/state xdpkeep ${command}`;

/** The world is asked and answers, by both families; a stranger comes in where he may. */
async function answersComeIn(lab: Lab, guest: Guest): Promise<void> {
  for (const address of [WORLD, WORLD6]) {
    await using _answer = await serveIn(lab.network.outside, ANSWER, address, 7053, 4000);
    await using _echo = await serveIn(lab.network.outside, ECHO, address, 7007);
    expect(await guest.must(`${NODE} /ask.cjs ${address} 7053`)).toHaveLength(4000);
    expect(await guest.must(`${NODE} /talk.cjs ${address} 7007`)).toBe('hello');
  }
  expect(await connect(lab.network, ADDRESS, 8080)).toBe('connected');
  expect(await connect(lab.network, ADDRESS, 8081)).toBe('silence');
  expect(await ping(lab.network, ADDRESS, 2)).toMatchObject({ received: 0 });
}

it.each([
  ['bookworm', /Linux version 6\.1\./, 'a filter of clsact'],
  ['trixie', /Linux version 6\.12\./, 'a TCX link'],
  ['forky', /Linux version ([7-9]|\d\d)\./, 'a TCX link'],
])('the kernel of %s: answers come in, strangers stay out', async (suite, version, by) => {
  await using lab = await createLab();
  await using guest = await boot(lab, suite);
  expect(await guest.must('cat /proc/version')).toMatch(version);
  for (const port of [8080, 8081])
    await guest.must(
      `${NODE} /echo.cjs 0.0.0.0 ${port} >/tmp/${port} 2>&1 & until grep -q ready /tmp/${port}; do sleep 1; done`,
    );
  const reconcile = async () =>
    JSON.parse(await guest.must(xdpkeep('reconcile --output json'))) as Reconciliation;
  for (const mode of ['native', 'generic']) {
    await guest.write('/state/hosts/guest.yaml', host(`mode: ${mode}, policy: asking`));
    expect(await guest.must(xdpkeep('test'))).toContain('0 failed; decided by: kernel');
    const interfaces = [{ name: 'eth0', mode, condition: 'Ready' }];
    expect(await reconcile()).toMatchObject({ changed: true, interfaces });
    const filters = /eth0\(\d+\) clsact\/egress egress/.test(await guest.must('bpftool net show'));
    expect(filters ? 'a filter of clsact' : 'a TCX link').toBe(by);
    await answersComeIn(lab, guest);
    expect(await reconcile()).toMatchObject({ changed: false });
  }
  await guest.write('/state/hosts/guest.yaml', host('mode: generic, policy: plain'));
  expect(await reconcile()).toMatchObject({ changed: true });
  expect(await guest.must('bpftool net show')).not.toContain('clsact/egress');
});

/** By a socket that is not connected, from port 40123. */
const ASK_ONCE = `
const [address, port] = process.argv.slice(2);
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (answer) => { console.log(String(answer)); process.exit(0); });
socket.bind(40123, () => socket.send('question', Number(port), address));
setTimeout(() => process.exit(1), 20000);
`;

it.each([
  ['6.1', 'bookworm'],
  ['6.12', 'trixie'],
])(
  'Linux %s: conntrack is asked as well, once its module is loaded and follows packets',
  async (version, suite) => {
    await using lab = await createLab();
    await using guest = await boot(lab, suite);
    expect(await guest.must('cat /proc/version')).toContain(`Linux version ${version}.`);
    const state = (policy: string) =>
      guest.write(
        '/state/hosts/guest.yaml',
        `${host(`mode: native, policy: ${policy}`)}connections: {from: conntrack}\n`,
      );
    await state('asking');
    const refused = async () => guest.must(`${xdpkeep('reconcile')}; test $? = 78`);
    expect(await refused()).toContain('nf_conntrack is not loaded');
    await guest.must(
      'while read -r module; do insmod /modules/$module.ko || exit 1; done </modules/conntrack',
    );
    expect(await refused()).toContain('no rule of nftables or iptables asks for it');
    expect(await guest.must('bpftool net show')).not.toContain('eth0');

    await guest.must('iptables -A INPUT -m conntrack --ctstate INVALID');
    for (const policy of ['wide', 'asking']) {
      await state(policy);
      const applied = JSON.parse(await guest.must(xdpkeep('reconcile --output json'))) as Reconciliation;
      expect(applied, policy).toMatchObject({
        changed: true,
        interfaces: [{ condition: 'Ready' }],
        warnings: [],
      });
    }
    await guest.write('/once.cjs', ASK_ONCE);
    await using _answer = await serveIn(lab.network.outside, ANSWER, WORLD, 7053, 5);
    expect(await guest.must(`${NODE} /once.cjs ${WORLD} 7053`)).toBe('aaaaa');
    const packet = `protocol: udp, source: ${WORLD}, destination: ${ADDRESS}, sourcePort: 7053, destinationPort: 40123`;
    const explain = () => guest.must(xdpkeep(`explain eth0 "${packet}" --no-color`));
    expect(await explain()).toContain('connection: established, by the tables of xdpkeep');
    await guest.must(xdpkeep('connections remove --protocol udp'));
    const byConntrack = await explain();
    expect(byConntrack).toContain('connection: established, by conntrack');
    expect(byConntrack, 'of the attached program').toMatch(/runs now: pass by answers/);
    expect(await guest.must(xdpkeep('status --no-color'))).toContain(
      'conntrack is asked as well: it follows IPv4 here',
    );
  },
);
