// Packets of an interface with the rule that decides and the verdict, watched for a while.
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { ip } from '../lab/traffic.js';
import { TAP_SECTION } from '../../src/kernel/pin-paths.js';
import { mapValues, reconcile } from '../support/host.js';
import { writePolicy } from '../support/policies.js';

const NO_PING = { name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' };

interface Seen {
  verdict: string;
  length: number;
  packet: { protocol?: string; destinationPort?: number; source?: string };
}

/** Starts a capture of veth0; `seen` waits for its end. */
async function capturing(lab: Lab, ...args: string[]) {
  const child = lab.start(['capture', 'veth0', ...args, '--output', 'json']);
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await expect.poll(() => said).toContain('listening on veth0\n');
  const seen = async (): Promise<Seen[]> => {
    const { stdout, exitCode } = await child;
    expect(exitCode, said).toBe(0);
    return stdout
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line) as Seen);
  };
  return { child, seen };
}

it('shows every packet with its verdict, and changes nothing that is attached', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [NO_PING] });
  await reconcile(lab);
  const before = await lab.netShow();
  const { seen } = await capturing(lab, 'family: 4', '--count', '2');
  await lab.ping(1);
  await lab.connect(81);
  expect(await seen()).toMatchObject([
    {
      kind: 'Packet',
      rule: 'no-ping',
      verdict: 'drop',
      length: 98,
      packet: { protocol: 'icmp', source: '10.77.0.2' },
    },
    { rule: '(default)', verdict: 'pass', packet: { protocol: 'tcp', destinationPort: 81 } },
  ]);
  expect(await lab.netShow()).toEqual(before);
  expect((await reconcile(lab)).changed).toBe(false);
});

it('finds one packet among many that do not match, in the kernel', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [NO_PING] });
  await reconcile(lab);
  const wanted = { protocol: 17, source: ip('10.77.0.2'), destinationPort: 5353, vlan: [3] };
  const other = { protocol: 17, source: ip('10.77.0.2'), destinationPort: 53 };
  const filter = 'protocol: udp, source: 10.77.0.0/24, destinationPort: [5353, 6000-7000]';
  const { child, seen } = await capturing(lab, filter);
  let text = '';
  child.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
  await using flood = await lab.flood({
    frames: 20_000,
    seconds: 600,
    packets: [other, wanted, other],
    atOnce: 5000,
  });
  const sent = await flood.done();
  await expect.poll(() => text).toContain('"verdict"');
  child.kill('SIGINT');
  const packets = await seen();
  expect(new Set(packets.map(({ packet }) => packet.destinationPort))).toEqual(new Set([5353]));
  expect(packets.length).toBeGreaterThan(0);
  expect(packets.length).toBeLessThanOrEqual(sent / 3);
});

it('follows the policy that takes the place of the one it watches', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [NO_PING] });
  await reconcile(lab);
  const { child, seen } = await capturing(lab, 'protocol: icmp, icmpType: 8');
  let text = '';
  child.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
  await lab.ping(1);
  writePolicy(lab, { rules: [{ ...NO_PING, action: 'pass' }] });
  await reconcile(lab);
  await expect.poll(async () => (await lab.ping(1), text)).toContain('"verdict":"pass"');
  child.kill('SIGTERM');
  expect((await seen())[0]).toMatchObject({ rule: 'no-ping', verdict: 'drop' });
});

it('ends in the datapath too when it is killed', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [NO_PING] });
  await reconcile(lab);
  const { child } = await capturing(lab);
  const until = async () => {
    const [section] = (await mapValues(lab, 'veth0', 'tap')) as Record<
      string,
      [{ tap: { until: number } }]
    >[];
    return section?.[TAP_SECTION]?.[0].tap.until;
  };
  expect(await until()).toBeGreaterThan(0);
  child.kill('SIGKILL');
  await expect.poll(async () => (await lab.ping(1), await until())).toBe(0);
});

it('takes verdicts, and refuses what is no filter and what has no program', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [NO_PING] });
  const nothing = await lab.run(['capture', 'veth0']);
  expect([nothing.exitCode, nothing.stderr]).toEqual([64, expect.stringContaining('runs no policy')]);
  await reconcile(lab);
  const wrong = await lab.run(['capture', 'veth0', 'destinationPort: 80']);
  expect([wrong.exitCode, wrong.stderr]).toEqual([64, expect.stringContaining('not a match')]);
  const { seen } = await capturing(lab, '--verdict', 'drop', '--count', '1');
  await lab.connect(81);
  await lab.ping(1);
  expect(await seen()).toMatchObject([{ verdict: 'drop', packet: { protocol: 'icmp' } }]);
});
