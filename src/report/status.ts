// Prints a status on one screen: the desired state, the conditions of the host and of each interface, what runs there,
// foreign programs beside it, and what operators ordered.
import type { AppliedState } from '../model/history.js';
import type { ObservedInterface } from '../model/observed.js';
import { pendingWords } from '../model/pending.js';
import type { InterfaceStatus, OtherInterface, Status, StatusCondition } from '../model/status.js';
import { ageSince } from './age.js';
import { connectionLines } from './connections.js';
import { renderMemory } from './memory.js';
import { holdLine, interfaceLines } from './reconciliation.js';
import { commitWords } from './source.js';
import { columns, grouped, type Paint, printable, type Style } from './style.js';
import { suspensionLine } from './suspension.js';

export function renderStatus(status: Status, paint: Paint): string {
  const lines = [
    `host ${printable(status.host)}, generation ${status.generation}`,
    ...(status.revision ? [printable(`state files of ${commitWords(status.revision)}`)] : []),
    ...stateLines(status),
    ...conditionLines(status.conditions, paint),
    ...(status.interfaces.length === 0 ? ['no interface is wanted and none is ours'] : []),
    ...interfaceLines(status.interfaces, paint),
    ...status.interfaces.flatMap((one) => [
      ...(one.program === undefined ? [] : [printable(`  ${one.name} wants ${one.program}`)]),
      ...runningLines(one),
      ...one.foreign.map((xdp) => printable(`  ${one.name} foreign XDP ${programWords(xdp)}`)),
      ...egressLines(one),
      ...tcLines(one, `  ${one.name}`),
    ]),
    ...(status.connections ? connectionLines(status.connections, paint) : []),
    ...(status.blocks
      ? [
          `${status.blocks.count} of at most ${status.blocks.most} blocks in force, outside of git: \`xdpkeep blocks\``,
        ]
      : []),
    ...status.others.flatMap((one) => otherLines(one)),
    ...(status.hold ? [holdLine(status.hold)] : []),
    ...(status.pending ? [pendingWords(status.pending)] : []),
    ...(status.suspensions ?? []).map(suspensionLine),
    ...status.warnings.map((warning) => `${paint('yellow', 'warning:')} ${printable(warning)}`),
  ];
  const memory = status.memory ? renderMemory(status.memory, paint) : '';
  return `${lines.join('\n')}\n${memory}`;
}

/** One line, or two where a change waits for its confirmation, or failed. */
function stateLines({ applied, confirmed }: Status): string[] {
  if (!applied) return [];
  const isConfirmed = applied.generation === confirmed?.generation;
  if (applied.failed) {
    const what = `applied, but for ${applied.failed.join(', ')}, where it failed`;
    return [
      stateLine(what, applied),
      ...(confirmed && !isConfirmed ? [stateLine('confirmed', confirmed)] : []),
    ];
  }
  if (isConfirmed) return [stateLine('applied and confirmed', applied)];
  return [
    stateLine('applied', applied),
    ...(confirmed ? [stateLine('confirmed', confirmed)] : ['confirmed: nothing attached']),
  ];
}

function stateLine(what: string, { generation, time, revision }: AppliedState): string {
  const commit = revision ? `, ${commitWords(revision)}` : '';
  return printable(`${what}: generation ${generation} of ${time}, ${ageSince(time)} ago${commit}`);
}

const GOOD: Style = 'green';

/** Those that say something: whether it is ready, and what holds beside that. */
function conditionLines(conditions: StatusCondition[], paint: Paint): string[] {
  const told = conditions.filter(
    ({ type, status }) =>
      type === 'Ready' || status === 'True' || (type === 'SourceVerified' && status === 'False'),
  );
  const rows = told.map(({ type, status, since, reason, message }) => [
    type,
    status,
    since === undefined ? '-' : ageSince(since),
    reason,
    printable(message),
  ]);
  return columns([['CONDITION', 'STATUS', 'SINCE', 'REASON', 'MESSAGE'], ...rows], (cell, column) => {
    if (column !== 0 || cell === 'CONDITION') return cell;
    const { type, status } = told.find((one) => one.type === cell) ?? {};
    const good = (type === 'Ready' || type === 'SourceVerified') === (status === 'True');
    return paint(good ? GOOD : 'yellow', cell);
  });
}

function runningLines({ name, running, attached, packets }: InterfaceStatus): string[] {
  if (!running) return [];
  const what = `${running.kind} ${running.name ?? 'that no generation knows'}`;
  const audit = running.mode === 'audit' ? ' in audit mode' : '';
  const loaded = running.loaded === undefined ? '' : `, loaded ${ageSince(running.loaded)} ago`;
  const since = attached === undefined ? '' : `, attached ${ageSince(attached)} ago`;
  const counted = packets && [
    `saw ${grouped(packets.seen)} packets (${grouped(packets.seenBytes)} bytes)`,
    `dropped ${grouped(packets.dropped)} (${grouped(packets.droppedBytes)} bytes)`,
  ];
  return [
    printable(`  ${name} runs ${what}${audit}${loaded}${since}`),
    ...(counted ? [printable(`  ${name} ${counted.join(', ')}`)] : []),
  ];
}

function egressLines({ name, egress }: InterfaceStatus): string[] {
  return egress ? [printable(`  ${name} records what leaves: program ${egress.programId}`)] : [];
}

function tcLines({ tc }: Pick<ObservedInterface, 'tc'>, indent: string): string[] {
  return tc.map(({ kind, name, programId }) =>
    printable(`${indent} tc ${kind}: program ${programId} (${name})`),
  );
}

function otherLines(one: OtherInterface): string[] {
  const xdp = one.xdp.map((program) => {
    const { pinnedFor } = program;
    const whose = pinnedFor === undefined ? 'foreign XDP' : `ours, pinned for ${pinnedFor}: XDP`;
    return printable(`  ${one.name} ${whose} ${programWords(program)}`);
  });
  return [...xdp, ...tcLines(one, `  ${one.name}`)];
}

/** `generic: program 12 (other)` */
function programWords({ mode, programId, programName }: ObservedInterface['xdp'][number]): string {
  return `${mode}: program ${programId} (${programName})`;
}
