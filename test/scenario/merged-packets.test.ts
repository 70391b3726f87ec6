// A policy that asks for `length` or a rate in packets, where XDP runs in generic mode and sees packets that Linux has merged: doctor
// and lint say so, by what is true of real interfaces. That it sees merged ones is shown in big-tcp.test.ts.
import { expect, it } from 'vitest';
import type { Check, Doctor } from '../../src/model/doctor.js';
import type { LintReport } from '../../src/model/lint.js';
import { createLab, type Lab } from '../lab.js';
import { document, hostFile, reconcile } from '../support/host.js';
import { policyFile } from '../support/policies.js';

const MERGED = 'XDP runs in generic mode, where it sees packets that Linux has merged';

function write(lab: Lab, interfaces: Record<string, string>): void {
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', {
      rules: [
        { name: 'small', match: { protocol: 'udp', length: '0-100' }, action: 'drop' },
        { name: 'rated', match: { protocol: 'icmp' }, rateLimit: { packetsPerSecond: 1000 }, action: 'drop' },
      ],
    }),
    'policies/load.yaml': policyFile('load', {
      rules: [{ name: 'load', match: {}, rateLimit: { bytesPerSecond: 1_000_000 }, action: 'drop' }],
    }),
    'hosts/lab.yaml': hostFile(interfaces),
  });
}

async function examined(lab: Lab, name: string): Promise<Check | undefined> {
  const { checks } = document<Doctor>(await lab.run(['doctor', '--output', 'json']), 0);
  return checks.find((check) => check.name === name);
}

/** Code, rule and interfaces of each finding. */
async function linted(lab: Lab): Promise<string[]> {
  const { findings } = document<LintReport>(await lab.run(['lint', '--output', 'json']), 0);
  return findings.map(({ code, rule, detail }) => {
    const where = /on (.*) XDP runs in generic mode/.exec(detail)?.[1];
    return `${code} ${rule ?? ''}: ${where ?? detail}`;
  });
}

it('doctor and lint say so where the Host file asks for generic mode', async () => {
  await using lab = await createLab({ pairs: 2 });
  write(lab, { veth0: 'mode: generic, policy: edge', veth1: 'mode: generic, policy: load' });
  await reconcile(lab);
  const about = await examined(lab, 'veth0');
  expect(about).toMatchObject({
    status: 'warning',
    help: expect.stringContaining('ethtool -K veth0 gro off') as string,
  });
  expect(about?.found).toMatch(
    new RegExp(
      `generic, ours\\).*; ${MERGED}, and the policy asks for \`length\` and a \`rateLimit\` in packets$`,
    ),
  );
  expect(await examined(lab, 'veth1')).toMatchObject({ status: 'ok' });
  expect(await linted(lab)).toEqual(['XK110 small: veth0 of lab', 'XK110 rated: veth0 of lab']);

  write(lab, { veth0: 'mode: native, policy: edge', veth1: 'mode: generic, policy: load' });
  await reconcile(lab);
  expect(await examined(lab, 'veth0')).toMatchObject({ status: 'ok' });
  expect(await linted(lab)).toEqual([]);
});

it('and where mode auto runs generic: the driver has no native mode, or a program is attached so', async () => {
  await using lab = await createLab({ pairs: 1 });
  await lab.exec('ip', 'link', 'add', 'plain', 'type', 'bridge');
  await lab.exec('ip', 'link', 'set', 'plain', 'up');
  write(lab, { plain: 'policy: edge', veth0: 'policy: edge' });
  // Before anything is attached as well.
  expect((await examined(lab, 'plain'))?.found).toMatch(
    new RegExp(`mode auto falls back to generic; ${MERGED}, and the policy asks for`),
  );
  expect(await linted(lab)).toEqual(['XK110 small: plain of lab', 'XK110 rated: plain of lab']);

  // A change of the Host file to auto leaves generic alone until it is asked to go native.
  write(lab, { plain: 'policy: load', veth0: 'mode: generic, policy: edge' });
  await reconcile(lab);
  write(lab, { plain: 'policy: load', veth0: 'mode: auto, policy: edge' });
  await reconcile(lab);
  const about = await examined(lab, 'veth0');
  expect(about?.found).toMatch(new RegExp(`native XDP: yes; .*generic, ours.*${MERGED}`));
  expect(await linted(lab)).toEqual(['XK110 small: veth0 of lab', 'XK110 rated: veth0 of lab']);
  expect(await lab.run(['lint', '--host', 'elsewhere'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('no errors, no warnings') as string,
  });
});
