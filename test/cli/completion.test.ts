// Completion, as the shells themselves do it, and what they ask.
// needs: fish lab zsh
import { expect, it } from 'vitest';
import { runCommandLine } from '../../src/cli/program.js';
import { createLab, type Lab } from '../lab.js';
import { finish, PATH, within } from '../lab/exec.js';
import { binFolder } from '../support/command.js';
import { ICMP_DROP, reconcile, writeHost } from '../support/host.js';
import { stateDir } from '../desired/state-dir.js';

async function complete(...words: string[]): Promise<string[]> {
  const { exitCode, out } = await runCommandLine(['complete', '--', ...words], '1.2.3');
  expect(exitCode).toBe(0);
  return out
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[0] ?? '');
}

it.each<[words: string[], answer: string[]]>([
  [['rol'], ['words', 'rollback']],
  [
    ['journal', ''],
    ['words', 'show', 'verify', 'repair', 'help'],
  ],
  [
    ['status', '--outp'],
    ['words', '--output'],
  ],
  [
    ['status', '--output', 'js'],
    ['words', 'json'],
  ],
  [
    ['status', '--output=j'],
    ['words', '--output=json', '--output=junit'],
  ],
  [
    ['--output', 'json', 'sta'],
    ['words', 'status'],
  ],
  [['apply', ''], ['files']],
  [['init', ''], ['dirs']],
  [
    ['init', '--profile', ''],
    ['words', 'server', 'router', 'client'],
  ],
  [['validate', '--state', ''], ['dirs']],
  [
    ['schema', 'h'],
    ['words', 'host'],
  ],
  [
    ['completion', 'z'],
    ['words', 'zsh'],
  ],
  [['validate', 'surplus', ''], ['words']],
  [['no-such-command', ''], ['words']],
  [['suspend', '--reason', ''], ['words']],
  [['complet'], ['words', 'completion']],
])('%j', async (words, answer) => {
  expect(await complete(...words)).toEqual(answer);
});

it('hosts are those of the state directory that was named before', async () => {
  const state = stateDir({ 'hosts/edge-1.yaml': '', 'hosts/edge-2.yaml': '', 'hosts/other.yaml': '' });
  expect(await complete('--state', state, 'reconcile', '--host', 'e')).toEqual(['words', 'edge-1', 'edge-2']);
  expect(await complete('--state=/nowhere', 'reconcile', '--host', '')).toEqual(['words']);
});

/** A shell in the lab, in which `xdpkeep` is the program. */
async function shell(lab: Lab, name: string, script: string): Promise<string> {
  const env = {
    PATH: `${binFolder(lab)}:${PATH}`,
    HOME: lab.directory,
    TERM: 'dumb',
    XDPKEEP_BPFFS: lab.bpffs,
    XDPKEEP_DATA_DIR: lab.dataDir,
  };
  const ran = await finish(...within(lab.network.firewall, [name, '-c', script]), { env });
  expect({ ...ran, stdout: '' }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  return ran.stdout.trim().replace(/\s+/g, ' ');
}

it('bash, zsh and fish know commands, interfaces, maps and generations', async () => {
  await using lab = await createLab({ pairs: 2 });
  writeHost(lab, { veth0: `program: ${ICMP_DROP}` });
  await reconcile(lab);
  await lab.exec('ip', ...'link property add dev veth0 altname wan0'.split(' '));
  const bash = (...words: string[]) =>
    shell(
      lab,
      'bash',
      `source <(xdpkeep completion bash); COMP_WORDS=(xdpkeep ${words.join(' ')}); COMP_CWORD=${words.length}; _xdpkeep; echo "\${COMPREPLY[@]}"`,
    );
  expect(await bash('rol')).toBe('rollback');
  expect(await bash('status', '--output', '=', 'j')).toBe('json junit');
  expect(await bash('maps', 'veth')).toBe('veth0 veth1');
  expect(await bash('maps', 'veth0', "''")).toBe('icmp_drops');
  expect(await bash('maps', 'wan')).toBe('wan0');
  expect(await bash('maps', 'wan0', "''")).toBe('icmp_drops');
  expect(await bash('rollback', "''")).toBe('1');

  // Words of the kernel, of the records and of state files are one word each, whatever is in them.
  const odd = stateDir({ 'hosts/x; touch $(id).yaml': '' });
  expect(await bash('validate', '--state', odd, '--host', 'x')).toBe('x\\;\\ touch\\ \\$\\(id\\)');

  const fish = (line: string) =>
    shell(lab, 'fish', `xdpkeep completion fish | source; complete -C '${line}'`);
  expect(await fish('xdpkeep rol')).toMatch(/^rollback run an earlier/);
  expect(await fish('xdpkeep rollback ')).toMatch(/^1 reconcile /);
  expect(await fish('xdpkeep maps veth')).toBe('veth0 has a program of ours veth1');

  const zsh = await shell(lab, 'zsh', `zmodload zsh/zpty; ${ZPTY}`);
  expect(zsh).toContain('xdpkeep maps veth0 icmp_drops');
});

/** Two words are completed by the tabulator, which is what a person has of it. */
const ZPTY = String.raw`
zpty z zsh -f -i
zpty -w z 'PS1=; autoload -U compinit; compinit -u -D; source <(xdpkeep completion zsh); print rea""dy'
while zpty -r z line; do [[ $line == *ready* ]] && break; done
zpty -w -n z $'xdpkeep maps veth0 \t'
got=
for i in {1..1200}; do
  sleep 0.05
  while zpty -r -t z more; do got+=$more; done
  [[ $got == *icmp_drops* ]] && break
done
zpty -d z
print -r -- $got
`;
