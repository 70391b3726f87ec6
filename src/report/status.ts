// A status as people read it: one screen, the table first.
import type { ObservedInterface } from '../model/observed.js';
import type { OtherInterface, Status } from '../model/status.js';
import { renderMemory } from './memory.js';
import { holdLine, interfaceLines } from './reconciliation.js';
import { commitWords } from './source.js';
import { pendingWords } from '../model/pending.js';
import { type Paint, printable } from './style.js';
import { suspensionLine } from './suspension.js';

export function renderStatus(status: Status, paint: Paint): string {
  const lines = [
    `host ${printable(status.host)}, generation ${status.generation}`,
    ...(status.revision ? [printable(`state files of ${commitWords(status.revision)}`)] : []),
    ...(status.interfaces.length === 0 ? ['no interface is wanted and none is ours'] : []),
    ...interfaceLines(status.interfaces, paint),
    ...status.interfaces.flatMap((one) => [
      ...(one.program === undefined ? [] : [printable(`  ${one.name} wants ${one.program}`)]),
      ...tcLines(one, `  ${one.name}`),
    ]),
    ...status.others.flatMap((one) => otherLines(one)),
    ...(status.hold ? [holdLine(status.hold)] : []),
    ...(status.pending ? [pendingWords(status.pending)] : []),
    ...(status.suspensions ?? []).map(suspensionLine),
    ...status.warnings.map((warning) => `${paint('yellow', 'warning:')} ${printable(warning)}`),
  ];
  const memory = status.memory ? renderMemory(status.memory, paint) : '';
  return `${lines.join('\n')}\n${memory}`;
}

function tcLines({ tc }: Pick<ObservedInterface, 'tc'>, indent: string): string[] {
  return tc.map(({ kind, name, programId }) =>
    printable(`${indent} tc ${kind}: program ${programId} (${name})`),
  );
}

function otherLines(one: OtherInterface): string[] {
  const xdp = one.xdp.map(({ mode, programId, programName, pinnedFor }) => {
    const whose = pinnedFor === undefined ? 'foreign XDP' : `ours, pinned for ${pinnedFor}: XDP`;
    return printable(`  ${one.name} ${whose} ${mode}: program ${programId} (${programName})`);
  });
  return [...xdp, ...tcLines(one, `  ${one.name}`)];
}
