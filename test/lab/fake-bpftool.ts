// A bpftool that says what a test wants: real output with a flaw, or nothing like it.
// needs: lab
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';

/** Real output of bpftool 7.1, captured: see test/kernel/fixtures/. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../kernel/fixtures/${name}.json`, import.meta.url), 'utf8');
}

const ANSWERS: Record<string, string> = {
  'net show': 'net-show',
  'prog show': 'prog-show',
  'map show': 'map-show',
  'link show': 'link-show',
  version: 'version',
};

export class FakeBpftool implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), `${inject('run')}-bpftool-`));
  readonly path = join(this.#directory, 'bpftool');

  /** Answers with the fixtures, until told otherwise. */
  constructor() {
    for (const [command, name] of Object.entries(ANSWERS)) this.answer(command, fixture(name));
    writeFileSync(this.path, `#!/bin/sh\nshift\n. "${this.#directory}/$(echo "$*" | tr ' ' _)"\n`);
    chmodSync(this.path, 0o755);
  }

  /** What a command (`prog show`) prints, and its exit code. */
  answer(command: string, text: string, exitCode = 0): void {
    const output = join(this.#directory, `${fileName(command)}.out`);
    writeFileSync(output, text);
    this.behave(command, `cat "${output}"; exit ${exitCode}`);
  }

  /** What a command does, as shell. */
  behave(command: string, shell: string): void {
    writeFileSync(join(this.#directory, fileName(command)), shell);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}

function fileName(command: string): string {
  return command.replaceAll(' ', '_');
}
