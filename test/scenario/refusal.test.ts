// What cannot be read, compiled, loaded or asked never reads as "nothing is wanted" or "nothing is attached": the exit
// code says whose fault it is, the output what to do, and what runs goes on running.
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findBpftool } from '../../src/kernel/bpftool.js';
import { createLab, type Lab } from '../lab.js';
import { ICMP_DROP, ownProgram, reconcile, writeHost } from '../support/host.js';
import { snapshot } from '../support/world.js';

const HOST = 'hosts/lab.yaml';

/** Runs icmp-drop on veth0. */
async function converge(lab: Lab): Promise<void> {
  writeHost(lab, { veth0: `mode: native, program: ${ICMP_DROP}` });
  await reconcile(lab);
}

interface Refusal {
  name: string;
  exitCode: number;
  /** On stderr. */
  says: string | RegExp;
}

/** Runs reconcile, which must refuse and leave everything as it is; what it says on stderr. */
async function refuses(
  lab: Lab,
  { exitCode, says }: Refusal,
  env: Record<string, string> = {},
): Promise<string> {
  const before = await snapshot(lab);
  const refused = await lab.run(['reconcile'], { env });
  expect(refused, refused.stderr).toMatchObject({ exitCode, stdout: '' });
  expect(refused.stderr).toMatch(says);
  expect(refused.stderr).toContain('help: ');
  expect(await snapshot(lab)).toEqual(before);
  return refused.stderr;
}

const FILES: (Refusal & { spoil: (lab: Lab) => void })[] = [
  {
    name: 'a missing host file',
    exitCode: 66,
    says: 'has no host "lab"; it has other',
    spoil: ({ state }) => {
      renameSync(join(state, HOST), join(state, 'hosts/other.yaml'));
    },
  },
  {
    name: 'a host directory without files',
    exitCode: 66,
    says: 'has no *.yaml file',
    spoil: ({ state }) => {
      rmSync(join(state, HOST));
    },
  },
  {
    name: 'a host file with another end',
    exitCode: 66,
    says: 'help: Rename hosts/lab.yml to hosts/lab.yaml.',
    spoil: ({ state }) => {
      renameSync(join(state, HOST), join(state, 'hosts/lab.yml'));
    },
  },
  {
    name: 'a missing state directory',
    exitCode: 66,
    says: 'is no state directory',
    spoil: ({ state }) => {
      rmSync(state, { recursive: true });
    },
  },
  {
    name: 'an empty host file',
    exitCode: 65,
    says: 'hosts/lab.yaml:1:1',
    spoil: ({ state }) => {
      writeFileSync(join(state, HOST), '');
    },
  },
  {
    name: 'half a host file',
    exitCode: 65,
    says: 'hosts/lab.yaml:',
    spoil: ({ state }) => {
      const whole = readFileSync(join(state, HOST));
      writeFileSync(join(state, HOST), whole.subarray(0, whole.indexOf('interfaces')));
    },
  },
];

it.each(FILES)('$name is no wish to detach anything', async ({ spoil, ...refusal }) => {
  await using lab = await createLab();
  await converge(lab);
  spoil(lab);
  await refuses(lab, refusal);
});

const SOURCE = ownProgram('extra');
const PROGRAMS: (Refusal & { source: string; function?: string })[] = [
  {
    name: 'does not compile',
    exitCode: 65,
    says: /programs\/own\.bpf\.c:\d+:\d+: error: use of undeclared identifier 'dorp'/,
    source: SOURCE.replace('return XDP_DROP;', 'return dorp;'),
  },
  {
    name: 'has no such function',
    exitCode: 65,
    says: /no function `onw`[^]*Did you mean `own`/,
    source: SOURCE,
    function: 'onw',
  },
  {
    name: 'is a tc program',
    exitCode: 65,
    says: /wrong program type[^]*SEC\("xdp"\)/,
    source: readFileSync('test/programs/observer.bpf.c', 'utf8'),
  },
  {
    name: 'has no licence',
    exitCode: 65,
    says: /no licence[^]*SEC\("license"\)/,
    source: SOURCE.replace(/^char _license.*$/m, ''),
  },
];

it.each(PROGRAMS)(
  'a program that $name: nothing is touched',
  async ({ source, function: name, ...refusal }) => {
    await using lab = await createLab({ pairs: 2 });
    await converge(lab);
    lab.writeState({ 'programs/own.bpf.c': source });
    const broken = `{file: programs/own.bpf.c${name === undefined ? '' : `, function: ${name}`}}`;
    writeHost(lab, { veth0: `program: ${broken}`, veth1: `program: ${ICMP_DROP}` });
    expect(await refuses(lab, refusal)).toContain('--> hosts/lab.yaml:5:');
  },
);

it('a program that the verifier refuses fails its interface, and the other one converges', async () => {
  await using lab = await createLab({ pairs: 2 });
  await converge(lab);
  const [before] = (await lab.netShow()).xdp;
  lab.writeState({ 'programs/rejected.bpf.c': readFileSync('test/programs/rejected.bpf.c', 'utf8') });
  writeHost(lab, {
    veth0: 'program: {file: programs/rejected.bpf.c}',
    veth1: `mode: native, program: ${ICMP_DROP}`,
  });
  const dry = await lab.run(['reconcile', '--dry-run']);
  expect(dry).toMatchObject({ exitCode: 12 });
  const partial = await lab.run(['reconcile']);
  expect(partial).toMatchObject({ exitCode: 12 });
  for (const { stdout } of [dry, partial]) {
    expect(stdout).toMatch(/^ {6}error: load reads_beyond: /m);
    expect(stdout).toMatch(/^ {6}\| .*invalid access to packet/m);
    expect(stdout).toMatch(/^ {6}help: .*verifier/m);
  }
  const { xdp } = await lab.netShow();
  expect(xdp).toMatchObject([before, { devname: 'veth1' }]);
  expect(await lab.ping(1)).toEqual({ sent: 1, received: 0 });
  expect((await reconcile(lab, 12)).changed).toBe(false);
});

/** As shell, after `-j` was shifted away; `$real` is the real one. */
const FAKES: (Refusal & { shell: string })[] = [
  { name: 'hangs', exitCode: 78, says: 'did not end within 10 s', shell: 'exec sleep 60' },
  { name: 'prints garbage', exitCode: 78, says: 'not a whole JSON document', shell: 'echo "{{{ nonsense"' },
  { name: 'prints nothing', exitCode: 78, says: 'printed nothing', shell: ':' },
  {
    name: 'prints half a document',
    exitCode: 78,
    says: 'not a whole JSON document',
    shell: '"$real" -j "$@" | head -c 40',
  },
  {
    name: 'prints half a document about links',
    exitCode: 78,
    says: /link show` printed what is not a whole JSON document/,
    shell: '[ "$1" = link ] || exec "$real" -j "$@"; "$real" -j "$@" | head -c 40',
  },
  {
    name: 'knows no links',
    exitCode: 78,
    says: 'the link of veth0 changed',
    shell: '[ "$1" = link ] || exec "$real" -j "$@"; echo "[]"',
  },
  { name: 'prints another document', exitCode: 78, says: 'is not understood', shell: 'echo "{}"' },
  { name: 'fails', exitCode: 78, says: 'failed (exit 1): no rights', shell: 'echo "no rights" >&2; exit 1' },
];

describe('a bpftool that', () => {
  it.concurrent.each(FAKES)('$name changes nothing', async ({ shell, ...refusal }) => {
    await using lab = await createLab();
    await converge(lab);
    const bpftool = join(lab.directory, 'bpftool');
    writeFileSync(bpftool, `#!/bin/sh\nreal=${findBpftool()}\nshift\n${shell}\n`);
    chmodSync(bpftool, 0o755);
    writeHost(lab, {}); // nothing is wanted any more: whoever believed the fake might still detach
    await refuses(lab, refusal, { XDPKEEP_BPFTOOL: bpftool });
  });

  it('is absent changes nothing', async () => {
    await using lab = await createLab();
    await converge(lab);
    writeHost(lab, {});
    const absent = { name: 'absent', exitCode: 78, says: 'did not start' };
    await refuses(lab, absent, { XDPKEEP_BPFTOOL: join(lab.directory, 'bpftool') });
    const relative = { ...absent, says: 'not an absolute path' };
    await refuses(lab, relative, { XDPKEEP_BPFTOOL: 'bpftool' });
  });
});
