// Packets larger than one buffer, on a veth pair with an MTU of 9000: policies run natively there and see whole frames; a program
// that does not take such frames is not swapped for one that does.
import { describe, expect, it } from 'vitest';
import type { Doctor } from '../../src/model/doctor.js';
import { createLab, type Lab } from '../lab.js';
import { document, hostFile, OWN, ownProgram, reconcile, status } from '../support/host.js';
import { counts, policyFile, writePolicy } from '../support/policies.js';

const BIG = { name: 'big', match: { protocol: 'icmp', length: '8000-65535' }, action: 'drop' };

/** Of both ends. */
async function setMtu(lab: Lab, mtu: number): Promise<void> {
  await lab.execOutside('ip', 'link', 'set', lab.pair('veth0').peer, 'mtu', String(mtu));
  await lab.exec('ip', 'link', 'set', 'veth0', 'mtu', String(mtu));
}

/** Echo requests with so many bytes of data, in one frame each, that are answered. */
async function answered(lab: Lab, bytes: number): Promise<number> {
  const { address } = lab.pair('veth0');
  const said = await lab
    .execOutside('ping', '-c', '3', '-i', '0.2', '-W', '1', '-M', 'do', '-s', String(bytes), address)
    .catch((error: unknown) => String(error));
  return Number(/(\d+) received/.exec(said)?.[1] ?? 0);
}

const writeOwn = (lab: Lab, mode: string, section: 'xdp' | 'xdp.frags', marker: string) => {
  lab.writeState({
    'hosts/lab.yaml': hostFile({ veth0: `mode: ${mode}, program: ${OWN}` }),
    'programs/own.bpf.c': ownProgram(marker).replace('SEC("xdp")', `SEC("${section}")`),
  });
};

describe('a policy', () => {
  it('runs natively, sees the length of whole frames, and counts all of their bytes', async () => {
    await using lab = await createLab();
    await setMtu(lab, 9000);
    writePolicy(lab, { rules: [BIG] });
    const { interfaces } = await reconcile(lab);
    expect(interfaces).toMatchObject([{ mode: 'native', condition: 'Ready' }]);
    expect(interfaces[0]?.digest).toMatch(/^[0-9a-f]+-frags$/);
    expect(await reconcile(lab)).toMatchObject({ changed: false });

    expect(await answered(lab, 7900)).toBe(3);
    expect(await answered(lab, 8900)).toBe(0);
    expect(await counts(lab)).toMatchObject({ big: 3, '(malformed)': 0 });
    const { interfaces: rows } = JSON.parse((await lab.run(['counters', '--output', 'json'])).stdout) as {
      interfaces: { rules: { name: string; bytes: number }[] }[];
    };
    expect(rows[0]?.rules.find(({ name }) => name === 'big')?.bytes).toBe(3 * (8900 + 8 + 20 + 14));
    await using conversation = await lab.converse();
    expect(await conversation.say('x'.repeat(20_000))).toBe('x'.repeat(20_000));
  });

  it('keeps to one buffer where packets fit into it, and takes large frames once they may come, without a gap', async () => {
    await using lab = await createLab();
    writePolicy(lab, { rules: [BIG] });
    const small = await reconcile(lab);
    expect(small.interfaces[0]?.digest).not.toContain('frags');
    await lab.exec('ip', 'link', 'set', 'veth0', 'mtu', '9000');
    const larger = await reconcile(lab);
    expect(larger.steps).toMatchObject([{ action: 'update', gap: false, outcome: 'done' }]);
    expect(larger.interfaces).toMatchObject([
      { mode: 'native', condition: 'Ready', digest: `${small.interfaces[0]?.digest ?? ''}-frags` },
    ]);
    await lab.exec('ip', 'link', 'set', 'veth0', 'mtu', '1500'); // for a while, perhaps: nothing has to change
    expect(await reconcile(lab)).toMatchObject({ changed: false });
    expect(await lab.run(['reconcile', '--deep'])).toMatchObject({ exitCode: 0 });
  });

  it('takes the place of a program that takes large frames, and the other way round, without a gap', async () => {
    await using lab = await createLab();
    await setMtu(lab, 9000);
    writeOwn(lab, 'native', 'xdp.frags', 'one');
    await reconcile(lab);
    writePolicy(lab, { rules: [BIG] });
    expect((await reconcile(lab)).steps).toMatchObject([{ action: 'update', gap: false, outcome: 'done' }]);
    writeOwn(lab, 'native', 'xdp.frags', 'two');
    expect((await reconcile(lab)).steps).toMatchObject([{ action: 'update', gap: false, outcome: 'done' }]);
  });
});

describe('a program that takes no large frames, in the place of one that does', () => {
  it('is refused in mode native, with what to do, and what runs keeps running', async () => {
    await using lab = await createLab();
    await setMtu(lab, 9000);
    writePolicy(lab, { rules: [BIG] });
    const { interfaces } = await reconcile(lab);
    writeOwn(lab, 'native', 'xdp', 'one');
    for (const pass of ['first', 'second']) {
      expect(await reconcile(lab, 14), pass).toMatchObject({
        changed: false,
        steps: [
          {
            outcome: 'refused',
            reason:
              'programs/own.bpf.c takes no frames in several buffers, in which packets of 9000 bytes come in mode native',
            hint: expect.stringContaining('xdp.frags') as string,
          },
        ],
        interfaces: [{ condition: 'Refused', programId: interfaces[0]?.programId }],
      });
    }
  });

  it('goes to generic in mode auto, and the plan names the gap', async () => {
    await using lab = await createLab();
    await setMtu(lab, 9000);
    writeOwn(lab, 'auto', 'xdp.frags', 'one');
    expect((await reconcile(lab)).interfaces).toMatchObject([{ mode: 'native' }]);
    writeOwn(lab, 'auto', 'xdp', 'two');
    const [planned] = (await reconcile(lab, 0, '--dry-run')).steps;
    expect(planned).toMatchObject({
      gap: true,
      reason: expect.stringContaining('native -> generic') as string,
    });
    const applied = await reconcile(lab);
    expect(applied.interfaces).toMatchObject([{ mode: 'generic', condition: 'Degraded' }]);
    expect(await reconcile(lab)).toMatchObject({ changed: false });
  });

  it('is swapped in where the kernel may take it; a refusal tells the MTU and what to do', async () => {
    await using lab = await createLab();
    await lab.execOutside('ip', 'link', 'set', lab.pair('veth0').peer, 'mtu', '3499');
    writeOwn(lab, 'native', 'xdp.frags', 'one');
    await reconcile(lab);
    writeOwn(lab, 'native', 'xdp', 'two');
    await lab.execOutside('ip', 'link', 'set', lab.pair('veth0').peer, 'mtu', '3498');
    expect((await reconcile(lab)).steps).toMatchObject([{ action: 'update', gap: false, outcome: 'done' }]);
  });
});

it('the doctor warns of a program of the user that takes no large frames', async () => {
  await using lab = await createLab();
  await setMtu(lab, 9000);
  const told = async () => {
    const { checks } = document<Doctor>(await lab.run(['doctor', '--output', 'json']), 0);
    return checks.find(({ name }) => name === 'veth0');
  };
  writeOwn(lab, 'native', 'xdp.frags', 'one');
  expect(await told()).toMatchObject({ status: 'ok' });
  writeOwn(lab, 'native', 'xdp', 'two');
  expect(await told()).toMatchObject({
    status: 'warning',
    found: expect.stringContaining('programs/own.bpf.c takes no frames in several buffers') as string,
    help: expect.stringContaining('SEC("xdp.frags")') as string,
  });
});

describe('native, where mode auto had fallen back', () => {
  it('is told of once it is possible, and gone to when asked, with the gap named', async () => {
    await using lab = await createLab();
    await setMtu(lab, 9000);
    writeOwn(lab, 'auto', 'xdp', 'one');
    const { interfaces } = await reconcile(lab);
    expect(interfaces).toMatchObject([{ mode: 'generic', condition: 'Degraded' }]);
    expect(interfaces[0]?.reason).not.toContain('possible');
    // Asked though it cannot be: no gap for nothing.
    expect(await reconcile(lab, 0, '--retry')).toMatchObject({ changed: false });

    // A policy takes large frames.
    lab.writeState({
      'hosts/lab.yaml': hostFile({ veth0: 'policy: edge' }),
      'policies/edge.yaml': policyFile('edge', { rules: [BIG] }),
    });
    const possible = expect.stringMatching(/fell back to generic.*native is possible now.*--retry/) as string;
    const swapped = await reconcile(lab);
    expect(swapped.interfaces).toMatchObject([{ mode: 'generic', condition: 'Degraded', reason: possible }]);
    expect((await status(lab)).interfaces).toMatchObject([{ condition: 'Degraded', reason: possible }]);
    expect(await reconcile(lab)).toMatchObject({ changed: false });

    const retried = await reconcile(lab, 0, '--retry');
    expect(retried.steps).toMatchObject([
      { gap: true, outcome: 'done', reason: expect.stringMatching(/mode generic -> native.*gap/) as string },
    ]);
    expect(retried.interfaces).toMatchObject([{ mode: 'native', condition: 'Ready' }]);
    expect(await answered(lab, 8900)).toBe(0);
    expect(await reconcile(lab, 0, '--retry')).toMatchObject({ changed: false });
  });
});
