// Sampled packets, from the datapath to the line, the record and the file.
// needs: lab tshark
import { readdirSync, readlinkSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { reconcile } from '../support/host.js';
import { counts, writePolicy } from '../support/policies.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';

const PING = { name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop', log: { oneIn: 1 } };
const SYN = {
  name: 'web',
  match: { protocol: 'tcp', destinationPort: 443 },
  action: 'pass',
  log: { oneIn: 1 },
};
/** An IPv4 header that promises more than there is. */
const BROKEN = buildPacket({ protocol: 17, length: 60 }).subarray(0, 40);

interface Record {
  kind: string;
  [field: string]: unknown;
}

async function listening(lab: Lab, ...args: string[]) {
  const child = lab.start(['events', ...args]);
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await expect.poll(() => said).toContain('listening on veth0\n');
  return {
    child,
    /** Its records after the first, which names the version. */
    records: async (): Promise<Record[]> => {
      const { stdout, exitCode } = await child;
      expect(exitCode, said).toBe(0);
      const [head, ...rest] = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record);
      expect(head).toEqual({ apiVersion: 'xdpkeep/v1', kind: 'Stream' });
      return rest;
    },
  };
}

it('shows what a log rule matched and what was malformed, with the rule and the verdict', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [PING, SYN] });
  await reconcile(lab);
  const { records } = await listening(lab, '--count', '3', '--output', 'json');
  await lab.ping(1);
  await lab.connect(443);
  await lab.send(BROKEN);
  const events = await records();
  expect(events).toMatchObject([
    {
      kind: 'Event',
      interface: 'veth0',
      rule: 'no-ping',
      verdict: 'drop',
      length: 98,
      packet: { shape: 'ip', protocol: 'icmp', source: '10.77.0.2', destination: '10.77.0.1', icmpType: 8 },
    },
    {
      rule: 'web',
      verdict: 'pass',
      packet: { protocol: 'tcp', destinationPort: 443, tcpFlags: ['SYN'] },
    },
    { rule: '(malformed)', verdict: 'drop', length: 40, frame: Buffer.from(BROKEN).toString('hex') },
  ]);
  const age = Date.now() - Date.parse(String(events[0]?.['time']));
  expect(age).toBeGreaterThan(0);
  expect(age).toBeLessThan(60_000);
});

it('says a packet in one line, and that audit mode let it pass', async () => {
  await using lab = await createLab();
  writePolicy(lab, { mode: 'audit', rules: [PING] });
  await reconcile(lab);
  const { child } = await listening(lab, 'veth0', '--count', '1');
  await lab.ping(1);
  const { stdout } = await child;
  expect(stdout).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} veth0 no-ping drop \(audit: pass\): icmp 10\.77\.0\.2 -> 10\.77\.0\.1 type 8 code 0, 98 bytes$/,
  );
});

it('keeps listening while the policy changes, and knows the rules of the new one', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [PING] });
  await reconcile(lab);
  const { child, records } = await listening(lab, '--count', '4', '--output', 'json');
  const maps = () => {
    const folder = `/proc/${child.pid}/fd`;
    const targets = readdirSync(folder).map((fd) => readlinkSync(`${folder}/${fd}`));
    return targets.filter((target) => target.includes('bpf-map')).length;
  };
  const open = maps();
  await lab.ping(1);
  for (const name of ['renamed', 'again']) {
    writePolicy(lab, { rules: [{ ...PING, name }] });
    await reconcile(lab);
    await lab.ping(1);
  }
  await expect.poll(maps).toBe(open); // none of an instance that is gone
  await lab.ping(1);
  expect((await records()).map(({ rule }) => rule)).toEqual(['no-ping', 'renamed', 'again', 'again']);
});

it('is read by one at a time', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [PING] });
  await reconcile(lab);
  const { child } = await listening(lab);
  const second = await lab.run(['events', '--output', 'json']);
  expect(second.exitCode).toBe(75);
  expect(second.stderr).toContain(`by process ${child.pid}`);
  child.kill('SIGTERM');
  expect((await child).exitCode).toBe(0);
  expect((await lab.run(['events', '--for', '100ms'])).exitCode).toBe(0);
  const mistyped = await lab.run(['events', '--for', '100ms', '--rule', '(defualt)']);
  expect([mistyped.exitCode, mistyped.stderr]).toEqual([
    0,
    expect.stringContaining('there is no rule "(defualt)" yet: did you mean (default)?'),
  ]);
});

it('counts what the buffer had no room for, and says it', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [PING] });
  await reconcile(lab);
  const { child, records } = await listening(lab, '--output', 'json');
  let text = '';
  child.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
  child.kill('SIGSTOP');
  await using flood = await lab.flood({ frames: 20_000, seconds: 600 });
  await flood.done();
  child.kill('SIGCONT');
  await expect.poll(() => text).toContain('"Lost"');
  child.kill('SIGINT');
  const all = await records();
  const lost = all.filter(({ kind }) => kind === 'Lost').map(({ samples }) => Number(samples));
  const events = all.filter(({ kind }) => kind === 'Event').length;
  expect(events).toBeGreaterThan(5000);
  expect(events + lost.reduce((sum, one) => sum + one)).toBe((await counts(lab))['no-ping']);
});

it('saves packets that tshark reads, with their rule as comment', async () => {
  await using lab = await createLab();
  writePolicy(lab, { rules: [PING, SYN] });
  await reconcile(lab);
  const file = `${lab.directory}/seen.pcapng`;
  const { child } = await listening(lab, '--count', '2', '--write', file);
  await lab.ping(1);
  await lab.connect(443);
  await child;
  const fields = [
    'frame.interface_name',
    'frame.len',
    'frame.cap_len',
    'frame.comment',
    'ip.src',
    'ip.proto',
  ];
  const read = await lab.exec(
    'tshark',
    '-n',
    '-r',
    file,
    '-T',
    'fields',
    ...fields.flatMap((one) => ['-e', one]),
  );
  expect(
    read
      .trim()
      .split('\n')
      .map((line) => line.split('\t')),
  ).toEqual([
    ['veth0', '98', '98', 'rule no-ping: drop', '10.77.0.2', '1'],
    ['veth0', '74', '74', 'rule web: pass', '10.77.0.2', '6'],
  ]);
  const again = await lab.run(['events', '--write', file]);
  expect([again.exitCode, again.stderr]).toEqual([64, expect.stringContaining('is there already')]);
});

it('has nothing to listen to where no policy runs', async () => {
  await using lab = await createLab();
  const { exitCode, stderr } = await lab.run(['events']);
  expect([exitCode, stderr]).toEqual([64, expect.stringContaining('no interface runs a policy')]);
});
