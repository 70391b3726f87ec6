// `xdpkeep completion SHELL`, and what its scripts ask.
import type { Command } from 'commander';
import { EXIT } from '../model/errors.js';
import { printable } from '../report/style.js';
import { SCRIPTS } from './completion/scripts.js';
import type { SHELLS } from './completion/shells.js';
import { wantedAt } from './completion/wanted.js';
import type { CommandResult } from './result.js';

export function runCompletion(shell: (typeof SHELLS)[number]): CommandResult {
  return { exitCode: EXIT.ok, out: SCRIPTS[shell] };
}

/** `words`: what stands behind the program's name, the last one unfinished. Never fails: a shell waits for it. */
export async function runComplete(words: readonly string[], self: Command): Promise<CommandResult> {
  const wanted = wantedAt(self.parent ?? self, words);
  const { begun, before, value } = wanted;
  const kind = value === 'file' ? 'files' : value === 'dir' ? 'dirs' : 'words';
  const onHost = value === undefined || kind !== 'words' ? [] : await readValues(value, wanted);
  const lines = [...wanted.candidates, ...onHost]
    .filter(({ word }) => word.startsWith(begun))
    .map(({ word, what }) => `${before}${word}\t${what}`.replaceAll('\n', ' '));
  return { exitCode: EXIT.ok, out: [kind, ...lines].map((line) => `${printable(line)}\n`).join('') };
}

/** Read on use: names of commands and options need neither the kernel nor the records. */
async function readValues(...asked: [value: string, wanted: ReturnType<typeof wantedAt>]) {
  const { valuesOnHost } = await import('./completion/values.js');
  return valuesOnHost(...asked);
}
