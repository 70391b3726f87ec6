// Without root: what reads and writes state files works, and everything else says which capability it would need,
// before it touches anything. The commands are those that --help lists, so that none is forgotten.
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { finish, type Finished, within } from '../lab/exec.js';
import { OWN, ownProgram, writeHost } from '../support/host.js';
import { policyFile } from '../support/policies.js';

const NOBODY = 65534;
const AS_NOBODY = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
const FREE = 'completion diff doctor fetch help init lint manual schema test validate'.split(' ');
/** What a command cannot do without. */
const ARGUMENTS: Record<string, string[]> = {
  detach: ['--all', '--reason', 'try'],
  rollback: ['0'],
  plan: ['--out', 'plan.json'],
  apply: ['plan.json'],
  suspend: ['--reason', 'try', '--for', '1h'],
  explain: ['veth0', '{}'],
  capture: ['veth0', '{}'],
  block: ['192.0.2.0/24', '--reason', 'try', '--for', '1h'],
  unblock: ['192.0.2.0/24'],
};

let lab: Lab;
/** A directory of nobody's own. */
let home: string;

beforeAll(async () => {
  lab = await createLab();
  chmodSync(lab.directory, 0o755);
  // Read from where anybody may read, wherever this source tree lies.
  cpSync('dist', join(lab.directory, 'dist'), { recursive: true });
  home = join(lab.directory, 'home');
  mkdirSync(home);
  chownSync(home, NOBODY, NOBODY);
  lab.writeState({ 'programs/own.bpf.c': ownProgram('extra') });
  writeHost(lab, { veth0: `program: ${OWN}` });
});
afterAll(() => lab[Symbol.asyncDispose]());

/** Runs `xdpkeep ARGS` with less than root has. */
function run(args: string[], privileges = AS_NOBODY): Promise<Finished> {
  const program = [process.execPath, join(lab.directory, 'dist/xdpkeep.js'), ...args];
  const env = {
    XDPKEEP_STATE: lab.state,
    XDPKEEP_BPFFS: lab.bpffs,
    XDPKEEP_DATA_DIR: lab.dataDir,
    XDPKEEP_HOST: 'lab',
  };
  return finish(...within(lab.network.firewall, ['setpriv', ...privileges, ...program]), { cwd: home, env });
}

const ANYBODY = [
  '--version',
  '--help',
  'help',
  'reconcile --help',
  'validate',
  'lint',
  'test',
  'schema',
  'init new',
];

it.each(ANYBODY)('xdpkeep %s works for anybody', async (command) => {
  const finished = await run(command.split(' '));
  expect(finished).toMatchObject({ exitCode: 0, stderr: '' });
  expect(finished.stdout).not.toBe('');
});

it('test says the same as in the kernel, and that the kernel was not asked', async () => {
  const packet = { destinationPort: 22 };
  const tests = [
    { name: 'dies', packet, expect: 'drop', rule: 'ssh' },
    { name: 'lives', packet, expect: 'pass' },
  ];
  const rules = [{ name: 'ssh', match: { protocol: 'tcp', destinationPort: 22 }, action: 'drop' }];
  lab.writeState({ 'policies/edge.yaml': policyFile('edge', { rules, tests }) });
  const root = await lab.run(['test']);
  const nobody = await run(['test']);
  rmSync(join(lab.state, 'policies'), { recursive: true });
  expect([root.exitCode, nobody.exitCode]).toEqual([14, 14]);
  expect(root.stdout).toContain('decided by: kernel');
  expect(nobody.stdout).toBe(root.stdout.replace('by: kernel', 'by: reference'));
});

it('every other command exits 77 and names the missing capabilities', async () => {
  const top = (await list([])).filter(([name = '']) => ![...FREE, 'journal'].includes(name));
  const journal = (await list(['journal'])).filter(([, name = '']) => !FREE.includes(name));
  const commands = [...top, ...journal, ['reconcile', '--dry-run'], ['reconcile', '--watch']];
  expect(commands.length).toBeGreaterThan(10);
  for (const command of commands) {
    const refused = await run([...command, ...(ARGUMENTS[command.join(' ')] ?? [])]);
    expect(refused, command.join(' ')).toMatchObject({ exitCode: 77, stdout: '' });
    expect(refused.stderr).toMatch(/lacks CAP_BPF \(.+\), CAP_NET_ADMIN \(.+\), CAP_SYS_ADMIN \(.+\)/);
    expect(refused.stderr).toContain('help: Run xdpkeep as root');
  }
  expect(existsSync(lab.dataDir)).toBe(false);
});

it('root without one of them is told of that one', async () => {
  const refused = await run(['reconcile'], ['--inh-caps=-net_admin', '--bounding-set=-net_admin']);
  expect(refused).toMatchObject({ exitCode: 77 });
  expect(refused.stderr).toContain('lacks CAP_NET_ADMIN (to attach XDP programs to interfaces)\n');
  expect(existsSync(lab.dataDir)).toBe(false);
});

/** The commands below a command, each with it. */
async function list(parent: string[]): Promise<string[][]> {
  const { stdout } = await run([...parent, '--help']);
  const [, listed = ''] = stdout.split('\nCommands:\n');
  return [...(listed.split('\n\n')[0] ?? '').matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => [
    ...parent,
    name,
  ]);
}
