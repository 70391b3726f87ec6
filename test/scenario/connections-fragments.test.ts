// Answers that are longer than a packet, under `default: drop`: what follows a first fragment of a known flow comes in, and no stranger's
// fragment does.
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { ip } from '../lab/traffic.js';
import { ANSWER, askFor, serve } from '../support/datagrams.js';
import { hostFile, reconcile } from '../support/host.js';
import { counts, policyFile, writePolicy } from '../support/policies.js';

const answers = { name: 'answers', match: { connection: ['established', 'related'] }, action: 'pass' };
const CLIENT = { default: 'drop', rules: [answers] };
const LONG = 4000;

const counted = async (lab: Lab, row: string) => (await counts(lab))[row] ?? 0;

it.each(['native', 'generic'])('an answer of 4,000 bytes comes in whole, IPv4 and IPv6, %s', async (mode) => {
  await using lab = await createLab();
  const { peerAddress, peerAddress6 } = lab.pair('veth0');
  await using _four = await serve(lab, ANSWER, peerAddress, 7053, LONG);
  await using _six = await serve(lab, ANSWER, peerAddress6, 7053, LONG);
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', CLIENT),
    'hosts/lab.yaml': hostFile({ veth0: `mode: ${mode}, policy: edge` }),
  });
  await reconcile(lab);
  for (const address of [peerAddress, peerAddress6]) {
    const before = await counted(lab, 'answers');
    expect(await askFor(lab, address, 7053)).toHaveLength(LONG);
    expect(await counted(lab, 'answers')).toBe(before + 3);
  }
  const pings = await lab.exec(
    'ping',
    '-n',
    '-q',
    '-c',
    '2',
    '-i',
    '0.1',
    '-s',
    '4000',
    '-W',
    '2',
    peerAddress,
  );
  expect(pings).toContain('2 received');
});

it('no fragment of a stranger comes in, and none whose first one was dropped', async () => {
  await using lab = await createLab();
  const { address, peerAddress } = lab.pair('veth0');
  await using _answer = await serve(lab, ANSWER, peerAddress, 7053, LONG);
  writePolicy(lab, CLIENT);
  await reconcile(lab);
  expect(await askFor(lab, peerAddress, 7053)).toHaveLength(LONG);
  const before = await counted(lab, '(default)');
  const known = await counted(lab, 'answers');
  const ends = { protocol: 17, source: ip(peerAddress), destination: ip(address) };
  const udp = { ...ends, sourcePort: 7053, destinationPort: 7999 };
  await lab.send({ ...udp, fragment: 'first', fragmentId: 60_001 });
  await lab.send({ ...ends, fragment: 'later', fragmentId: 60_001 });
  await lab.send({ ...ends, fragment: 'later', fragmentId: 60_002 });
  await expect.poll(() => counted(lab, '(default)')).toBeGreaterThanOrEqual(before + 3);
  expect(await counted(lab, 'answers')).toBe(known);

  const asked = `source: ${peerAddress}, destination: ${address}, protocol: udp, fragment: later, fragmentId: 60001`;
  const { stdout } = await lab.run(['explain', 'veth0', asked]);
  expect(stdout).toContain('connection: invalid');
});

it('a swap in the middle of a datagram loses none of it, and explain knows it', async () => {
  await using lab = await createLab();
  const { address, peerAddress } = lab.pair('veth0');
  await using _silent = await serve(lab, ANSWER, peerAddress, 7053, 1);
  const serves = { name: 'serves', match: { connection: 'new', protocol: 'udp' }, action: 'drop' };
  writePolicy(lab, CLIENT);
  await reconcile(lab);
  // A flow that this host opened, whose ports are known here: its answers may be forged.
  await lab.exec(process.execPath, '-e', SAY, address, '40999', peerAddress, '7053');
  const answer = { protocol: 17, fragmentId: 7, source: ip(peerAddress), destination: ip(address) };
  await lab.send({ ...answer, sourcePort: 7053, destinationPort: 40_999, fragment: 'first' });
  // the answer, and the first fragment
  await expect.poll(() => counted(lab, 'answers')).toBe(2);
  const asked = `source: ${peerAddress}, destination: ${address}, protocol: udp, fragment: later, fragmentId: 7`;
  expect((await lab.run(['explain', 'veth0', asked])).stdout).toContain('connection: established');

  writePolicy(lab, { ...CLIENT, rules: [answers, serves] });
  await reconcile(lab);
  await lab.send({ ...answer, fragment: 'later' });
  await expect.poll(() => counted(lab, 'answers')).toBe(3);
});

/** One datagram from a port of our choice. */
const SAY = `
const [from, port, to, at] = process.argv.slice(1);
const socket = require('node:dgram').createSocket('udp4');
socket.bind(Number(port), from, () => socket.send('question', Number(at), to, () => socket.close()));
`;

it('packet tests know what came in before', async () => {
  await using lab = await createLab();
  const ends = { source: '192.0.2.1', destination: '192.0.2.2', protocol: 'udp' };
  const query = {
    outgoing: {
      ...ends,
      source: '192.0.2.2',
      destination: '192.0.2.1',
      sourcePort: 40000,
      destinationPort: 53,
    },
  };
  const first = { ...ends, sourcePort: 53, destinationPort: 40000, fragment: 'first' };
  const later = { ...ends, fragment: 'later' };
  const test = (name: string, after: object[], packet: object, expected: string) => ({
    name,
    after,
    packet,
    expect: expected,
  });
  const tests = [
    test('the rest of an answer', [query, { incoming: first }], later, 'pass'),
    test('out of order', [query], later, 'drop'),
    test('another datagram', [query, { incoming: first }], { ...later, fragmentId: 2 }, 'drop'),
    test('another protocol', [query, { incoming: first }], { ...later, protocol: 'tcp' }, 'drop'),
    test('of nobody that was asked', [query, { incoming: { ...first, sourcePort: 54 } }], later, 'drop'),
  ];
  writePolicy(lab, { ...CLIENT, tests });
  expect(await lab.run(['test'])).toMatchObject({ exitCode: 0 });
  writePolicy(lab, { ...CLIENT, tests: [test('both', [{ ...query, incoming: first }], later, 'drop')] });
  const refused = await lab.run(['validate']);
  expect(refused).toMatchObject({ exitCode: 65 });
  expect(refused.stdout + refused.stderr).toContain('needs one of `outgoing` and `incoming`');
});
