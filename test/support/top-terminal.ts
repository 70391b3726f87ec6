// `top` in a real terminal of a lab, for the tests of what it shows and of how it ends.
import { expect } from 'vitest';
import type { Lab } from '../lab.js';
import { Terminal } from '../lab/terminal.js';
import { reconcile } from './host.js';
import { writePolicy } from './policies.js';

const RULES = [
  { name: 'no-ping', match: { protocol: 'icmp' }, action: 'drop' },
  { name: 'web', match: { protocol: 'tcp', destinationPort: 443 }, action: 'pass' },
];

/** Everything that a command needs to find the lab. */
export function topLine(lab: Lab, env = 'LC_ALL=C.UTF-8'): string {
  return `env ${env} ${lab.commandLine(['top', '--every', '200ms']).join(' ')}`;
}

/** `line`: what is typed, `topLine` unless it is said. */
export async function openTop(lab: Lab, line = topLine(lab)): Promise<Terminal> {
  writePolicy(lab, { rules: RULES });
  await reconcile(lab);
  const terminal = await Terminal.open(lab);
  await terminal.type('echo before');
  await terminal.type(line);
  await expect.poll(() => terminal.shown()).toContain('q quit');
  return terminal;
}

/** It has ended with this exit code, and the shell reads lines again as it did before. */
export async function expectGivenBack(terminal: Terminal, exitCode = 0): Promise<void> {
  await expect.poll(() => terminal.running()).toBe(undefined);
  await expect.poll(() => terminal.isPlain()).toBe(true);
  await terminal.type('code=$?; stty -a | tr ";" "\\n"; echo ended with $code');
  await expect.poll(() => terminal.shown()).toMatch(/^ended with \d/m);
  const shown = await terminal.shown();
  expect(shown).toMatch(new RegExp(`^ended with ${exitCode}$`, 'm'));
  expect(shown).toMatch(/(?<!-)icanon/);
  expect(shown).toMatch(/ (?<!-)echo /);
}
