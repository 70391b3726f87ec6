// A change on trial whose run died is undone by whoever changes the host next, and that one says so: whatever it was asked for,
// and also when it then refuses to do it.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { hostFile, reconcile } from '../support/host.js';
import { policyFile } from '../support/policies.js';
import { running } from '../support/trials.js';

const UNDONE = 'the change before this one was undone: the run that made it ended before it was decided';

const fileOf = (lab: Lab) => join(lab.directory, 'plan.json');

/** veth0 runs a policy; a change to another one was in effect, on trial, as its run was killed. A plan is older than that. */
async function killedOnTrial(): Promise<{ lab: Lab; before: number | undefined }> {
  const lab = await createLab();
  const write = (rules: object[], more = '') => {
    lab.writeState({
      'policies/edge.yaml': policyFile('edge', { rules }),
      'hosts/lab.yaml': hostFile({ veth0: 'policy: edge' }) + more,
    });
  };
  write([]);
  await reconcile(lab);
  const before = await running(lab);
  write(
    [{ name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' }],
    'probes: [{exec: [/bin/true]}]\n',
  );
  lab.allowCommands();
  expect(await lab.run(['plan', '--out', fileOf(lab)])).toMatchObject({ exitCode: 0 });
  const killed = await lab.run(['reconcile'], { env: { XDPKEEP_FAILPOINT: 'verify:after' } });
  expect(killed.signal).toBe('SIGKILL');
  expect(await running(lab)).not.toBe(before);
  return { lab, before };
}

it.each([
  { args: ['reconcile'], exitCode: 13 },
  { args: ['restore'], exitCode: 13 },
  { args: ['rollback', '--reason', 'x', '1'], exitCode: 0 },
  { args: ['confirm'], exitCode: 10 },
  { args: ['block', '192.0.2.7', '--for', '1h', '--reason', 'x'], exitCode: 0 },
])('$args.0 says it in its report', async ({ args, exitCode }) => {
  const { lab } = await killedOnTrial();
  await using _ = lab;
  const finished = await lab.run([...args, '--output', 'json']);
  expect(finished, finished.stderr).toMatchObject({ exitCode });
  const { warnings } = JSON.parse(finished.stdout) as { warnings: string[] };
  expect(warnings).toContain(UNDONE);
});

it.each([
  { what: 'rollback to what is not there', args: ['rollback', '--reason', 'x', '99'], exitCode: 64 },
  { what: 'apply, whose plan is stale by that', args: ['apply'], exitCode: 16 },
  {
    what: 'a block of nothing',
    args: ['block', '192.0.2.7', 'veth9', '--for', '1h', '--reason', 'x'],
    exitCode: 64,
  },
])('$what says it beside the error', async ({ args, exitCode }) => {
  const { lab, before } = await killedOnTrial();
  await using _ = lab;
  const [command = '', ...rest] = args;
  const all = command === 'apply' ? [command, fileOf(lab)] : [command, ...rest];
  const refused = await lab.run(all);
  expect(refused, refused.stderr).toMatchObject({ exitCode });
  expect(refused.stderr).toContain(`warning: ${UNDONE}\n`);
  expect(await running(lab)).toBe(before);
});

it('so does the document of an error', async () => {
  const { lab } = await killedOnTrial();
  await using _ = lab;
  const refused = await lab.run(['apply', fileOf(lab), '--output', 'json']);
  expect(JSON.parse(refused.stdout)).toMatchObject({ kind: 'Error', exitCode: 16, warnings: [UNDONE] });
});
