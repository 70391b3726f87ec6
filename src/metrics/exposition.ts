// What is measured, in the text format of Prometheus. Names by its conventions: base units, `_total` on what only grows.
import { Counter, Gauge, Registry } from 'prom-client';
import { EXIT, type ExitCode } from '../model/errors.js';
import { type Block, type Blocks, mostHit } from '../model/blocks.js';
import type { JournalFigures } from './figures.js';
import type { RuleCounters } from '../model/rule-counters.js';
import { type ConnectionsStatus, FLOW_STATES } from '../model/connection-table.js';
import type { Status } from '../model/status.js';

/** How the last pass of this process, or of the one that wrote the file, went. */
export interface PassFigures {
  /** When it ended. Seconds since 1970. */
  finished: number;
  /** How long it took. */
  seconds: number;
  exitCode: number;
  /** When one last ended well, this one included. Seconds since 1970; absent when none did. */
  succeeded?: number;
}

/** `before`: the pass before. */
export function passFigures(exitCode: ExitCode, milliseconds: number, before?: PassFigures): PassFigures {
  const finished = Date.now() / 1000;
  const isSuccess = exitCode === EXIT.ok || exitCode === EXIT.changes;
  const succeeded = isSuccess ? finished : before?.succeeded;
  return { finished, seconds: milliseconds / 1000, exitCode, ...(succeeded !== undefined && { succeeded }) };
}

export interface Snapshot {
  version: string;
  /** Absent when the host could not be looked at. */
  status?: Status;
  rules?: RuleCounters;
  blocks?: Blocks;
  journal?: JournalFigures;
  pass?: PassFigures;
}

type Labels = Record<string, string>;
type Sample = readonly [labels: Labels, value: number];

export function expose(snapshot: Snapshot): Promise<string> {
  const registry = new Registry();
  const put =
    (Kind: typeof Counter | typeof Gauge) => (name: string, help: string, samples: readonly Sample[]) => {
      if (samples.length === 0) return;
      const labelNames = Object.keys(samples[0]?.[0] ?? {});
      const metric = new Kind({ name: `xdpkeep_${name}`, help, labelNames, registers: [registry] });
      for (const [labels, value] of samples) metric.inc(labels, value);
    };
  const gauge = put(Gauge);
  const counter = put(Counter);
  const { version, status, rules, blocks, journal, pass } = snapshot;
  gauge('build_info', 'The release of xdpkeep.', [[{ version }, 1]]);
  gauge('up', 'Could the host be looked at?', [[{}, status ? 1 : 0]]);
  if (status) statusMetrics(status, gauge, counter);
  if (rules) ruleMetrics(rules, counter);
  if (blocks) blockMetrics(blocks, gauge, counter);
  if (journal) journalMetrics(journal, gauge, counter);
  if (pass) passMetrics(pass, gauge);
  return registry.metrics();
}

type Put = (name: string, help: string, samples: readonly Sample[]) => void;

function statusMetrics(status: Status, gauge: Put, counter: Put): void {
  gauge('generation', 'The newest generation.', [[{}, status.generation]]);
  gauge(
    'condition',
    'Conditions of the host: 1 is true, 0 false, -1 unknown.',
    status.conditions.map(({ type, status: value }) => [{ condition: type }, TRUTH[value]]),
  );
  gauge(
    'interface_condition',
    'The condition of each interface that something is wanted on; its value is 1.',
    status.interfaces.map(({ name, condition }) => [{ interface: name, condition }, 1]),
  );
  gauge('revision_info', 'The commits that are desired, applied and confirmed.', [
    [
      {
        desired: status.revision?.commit ?? '',
        applied: status.applied?.revision?.commit ?? '',
        confirmed: status.confirmed?.revision?.commit ?? '',
      },
      1,
    ],
  ]);
  gauge('warnings', 'Warnings that status has.', [[{}, status.warnings.length]]);
  const totals = status.interfaces.flatMap(({ name, packets }) => (packets ? [{ name, ...packets }] : []));
  const verdicts = (of: (total: (typeof totals)[number]) => [passed: number, dropped: number]): Sample[] =>
    totals.flatMap((total) => {
      const [passed, dropped] = of(total);
      return [
        [{ interface: total.name, verdict: 'pass' }, passed],
        [{ interface: total.name, verdict: 'drop' }, dropped],
      ];
    });
  counter(
    'packets_total',
    'Packets that a policy decided, by what became of them; tx and redirect count as pass, reject as drop.',
    verdicts(({ seen, dropped }) => [seen - dropped, dropped]),
  );
  counter(
    'bytes_total',
    'Bytes of the frames that a policy decided, by what became of them.',
    verdicts(({ seenBytes, droppedBytes }) => [seenBytes - droppedBytes, droppedBytes]),
  );
  if (status.connections) connectionMetrics(status.connections, gauge, counter);
}

function connectionMetrics({ tables, grace }: ConnectionsStatus, gauge: Put, counter: Put): void {
  gauge(
    'connections',
    'Connections that are known, by table and state; over are those whose time is over and that still take a place.',
    tables.flatMap(({ name, states, over }): Sample[] => [
      ...FLOW_STATES.map((state): Sample => [{ table: name, state }, states[state] ?? 0]),
      [{ table: name, state: 'over' }, over],
    ]),
  );
  gauge(
    'connections_capacity',
    'Connections that a table has room for.',
    tables.map(({ name, capacity }) => [{ table: name }, capacity]),
  );
  const counted = tables.flatMap(({ name, recorded }) => (recorded ? [{ table: name, ...recorded }] : []));
  counter(
    'connections_recorded_total',
    'Connections that were written into a table that did not know them.',
    counted.map(({ table, flows }) => [{ table }, flows]),
  );
  counter(
    'connections_revived_total',
    'TCP connections among them in whose middle this host was: forgotten before, or never known.',
    counted.map(({ table, revived }) => [{ table }, revived]),
  );
  gauge(
    'connections_forgotten',
    'Connections that made room for others, at least; most of them were over.',
    counted.map(({ table, forgotten }) => [{ table }, forgotten]),
  );
  if (!grace) return;
  gauge('connections_grace_seconds', 'Seconds until the grace window ends; 0 when it is over.', [
    [{}, grace.left],
  ]);
  counter('connections_grace_packets_total', 'Packets that came in by the grace window.', [
    [{}, grace.packets],
  ]);
}

const TRUTH = { True: 1, False: 0, Unknown: -1 } as const;

function ruleMetrics({ interfaces }: RuleCounters, counter: Put): void {
  const rows = interfaces.flatMap(({ name, rules }) => rules.map((rule) => ({ interface: name, ...rule })));
  const labels = ({ interface: name, name: rule, action }: (typeof rows)[number]): Labels => ({
    interface: name,
    rule,
    action,
  });
  counter(
    'rule_packets_total',
    'Packets that a rule matched.',
    rows.map((row) => [labels(row), row.packets]),
  );
  counter(
    'rule_bytes_total',
    'Bytes of the frames that a rule matched.',
    rows.map((row) => [labels(row), row.bytes]),
  );
}

/** Series of single blocks, at most: those that have dropped most. There may be 65,536, and nobody wants as many series. */
const MOST_SERIES = 1000;

function blockMetrics(all: Blocks, gauge: Put, counter: Put): void {
  const owners = new Map<string, number>();
  for (const { owner } of all.blocks) owners.set(owner, (owners.get(owner) ?? 0) + 1);
  gauge(
    'blocks',
    'Blocks in force, by owner.',
    [...owners].map(([owner, count]) => [{ owner }, count]),
  );
  const hit = mostHit(all, MOST_SERIES).blocks.flatMap(({ hits, ...one }) =>
    hits && hits.packets > 0 ? [{ ...one, ...hits }] : [],
  );
  const labels = ({ cidr, owner, interface: only }: Block): Labels => ({
    network: cidr,
    owner,
    interface: only ?? '',
  });
  counter(
    'block_packets_total',
    'Packets that a block has dropped, of the 1,000 blocks that dropped most; interface is empty where it is on every one.',
    hit.map((one) => [labels(one), one.packets]),
  );
  counter(
    'block_bytes_total',
    'Bytes of the frames that a block has dropped.',
    hit.map((one) => [labels(one), one.bytes]),
  );
}

function journalMetrics(
  { bytes, records, heals, undone, failed }: JournalFigures,
  gauge: Put,
  counter: Put,
): void {
  gauge('journal_size_bytes', 'Size of the journal.', [[{}, bytes]]);
  gauge('journal_records', 'Records in the journal.', [[{}, records]]);
  counter('drift_heals_total', 'Steps that brought back what had drifted, as far as the journal goes back.', [
    [{}, heals],
  ]);
  counter('rollbacks_total', 'Steps that were undone, as far as the journal goes back.', [[{}, undone]]);
  counter('failed_steps_total', 'Steps that failed, as far as the journal goes back.', [[{}, failed]]);
}

function passMetrics({ finished, seconds, exitCode, succeeded }: PassFigures, gauge: Put): void {
  gauge('last_pass_timestamp_seconds', 'When the last pass ended.', [[{}, finished]]);
  gauge('last_pass_duration_seconds', 'How long the last pass took.', [[{}, seconds]]);
  gauge('last_pass_exit_code', 'What the last pass exited with, or would have.', [[{}, exitCode]]);
  if (succeeded === undefined) return;
  gauge('last_success_timestamp_seconds', 'When a pass last ended in sync.', [[{}, succeeded]]);
}
