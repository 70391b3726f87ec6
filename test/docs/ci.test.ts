// The workflow of examples/ci is run, step by step, on a repository with a pull request.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { scratch } from '../desired/state-dir.js';
import { finish, PATH } from '../lab/exec.js';
import { policyFile } from '../support/policies.js';
import { Repository } from '../support/repository.js';

interface Workflow {
  on: string;
  jobs: { check: { steps: { name?: string; run?: string; env?: Record<string, string> }[] } };
}

const { on, jobs } = parse(readFileSync('examples/ci/.github/workflows/state.yml', 'utf8')) as Workflow;
const steps = jobs.check.steps.flatMap(({ name = '', run, env }) =>
  run === undefined ? [] : [{ name, run, env }],
);

/** Runs what comes after the installation as the workflow does: exit codes by name of the step, and the summary. */
async function runWorkflow(repository: Repository, base: string, head: string) {
  const parent = scratch();
  const bin = join(parent, 'bin');
  mkdirSync(bin);
  const program = join(bin, 'xdpkeep');
  writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} ${resolve('dist/xdpkeep.js')} "$@"\n`);
  chmodSync(program, 0o755);
  const summary = join(parent, 'summary');
  writeFileSync(summary, '');
  const results: Record<string, number | undefined> = {};
  for (const { name, run, env = {} } of steps.slice(1)) {
    const values: Record<string, string> = {
      '${{ github.event.pull_request.base.sha }}': base,
      '${{ github.event.pull_request.head.sha }}': head,
    };
    const given = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, values[value] ?? '']));
    const options = {
      cwd: repository.folder,
      env: { ...given, PATH: `${bin}:${PATH}`, GITHUB_STEP_SUMMARY: summary },
    };
    results[name] = (await finish('bash', ['-e', '-c', run], options)).exitCode;
  }
  return { results, summary: readFileSync(summary, 'utf8') };
}

const NAMES = ['Every file is valid', 'No rule is dead', 'Packet tests', 'What changes for packets'];
const rule = (port: number) => ({
  name: 'web',
  match: { protocol: 'tcp', destinationPort: port },
  action: 'drop',
});
const files = (rules: object[], tests: object[] = []) => ({
  'state/policies/edge.yaml': policyFile('edge', { rules, tests }),
  'state/hosts/edge-1.yaml':
    'apiVersion: xdpkeep/v1\nkind: Host\nname: edge-1\ninterfaces:\n  ens5: {policy: edge}\n',
});

it('passes a good pull request and says what it changes; stops at what is wrong with a bad one', async () => {
  expect(on).toBe('pull_request');
  expect(steps.map(({ name }) => name)).toEqual(['Install xdpkeep', ...NAMES]);
  const repository = await Repository.create(scratch());
  const base = await repository.commit('base', files([rule(80)]));
  const good = await repository.commit('another port', files([rule(8080)]));
  const passed = await runWorkflow(repository, base, good);
  expect(passed.results).toEqual(Object.fromEntries(NAMES.map((name) => [name, 0])));
  expect(passed.summary).toMatch(/^## Firewall changes\n/);
  expect(passed.summary).toMatch(
    /`tcp [^`]*:8080 SYN; also IPv6 TCP` \| `pass` \| `\(default\)` \| `drop` \| `web`/,
  );

  const dead = await repository.commit(
    'dead',
    files([rule(80), { ...rule(80), name: 'again', action: 'pass' }]),
  );
  expect((await runWorkflow(repository, base, dead)).results).toMatchObject({ 'No rule is dead': 14 });
  const test = { name: 'web works', packet: { protocol: 'tcp', destinationPort: 80 }, expect: 'pass' };
  const wrong = await repository.commit('wrong', files([rule(80)], [test]));
  expect((await runWorkflow(repository, base, wrong)).results).toMatchObject({ 'Packet tests': 14 });
  const invalid = await repository.commit('invalid', { 'state/hosts/edge-1.yaml': 'name: edge-1\n' });
  expect((await runWorkflow(repository, base, invalid)).results).toMatchObject({
    'Every file is valid': 65,
    'What changes for packets': 65,
  });
});
