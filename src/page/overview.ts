// How the host stands: conditions, revisions, warnings, interfaces.
import type { InterfaceStatus, Status, StatusCondition } from '../model/status.js';
import { showConnections } from './connections.js';
import { element, fill, part, table } from './dom.js';
import { age, grouped } from './words.js';

/** What `True` means for each condition. */
const GOOD = new Set<StatusCondition['type']>(['Ready', 'SourceVerified']);

export function showStatus(status: Status): void {
  const now = Date.parse(status.time);
  document.title = `${status.host}: xdpkeep`;
  fill(part('host'), status.host);
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  const summary = part('summary');
  summary.className = ready?.status === 'True' ? 'good' : 'care';
  fill(
    summary,
    ready
      ? `${ready.status === 'True' ? 'In sync' : 'Not in sync'}: ${ready.message}`
      : 'Nothing is known yet.',
  );
  fill(part('conditions'), ...status.conditions.filter(isTold).map((one) => conditionItem(one, now)));
  fill(part('revisions'), ...revisions(status, now));
  fill(part('warnings'), ...status.warnings.map((text) => element('li', { class: 'care' }, text)));
  fill(part('interfaces'), ...interfaceTable(status.interfaces, now));
  showConnections(status.connections);
}

export function showTrouble(error: Error): void {
  const summary = part('summary');
  summary.className = 'bad';
  fill(summary, `The host does not answer: ${error.message}. What is below may be old.`);
}

/** What is false and should be is not worth a word. */
function isTold({ type, status }: StatusCondition): boolean {
  return GOOD.has(type) || status !== 'False';
}

function conditionItem({ type, status, reason, message, since }: StatusCondition, now: number): HTMLElement {
  const isGood = GOOD.has(type) === (status === 'True');
  const look =
    status === 'Unknown' ? '' : isGood ? 'good' : type === 'Ready' || type === 'Stalled' ? 'bad' : 'care';
  const answer = { True: 'yes', False: 'no', Unknown: 'not known' }[status];
  return element(
    'li',
    { class: look, 'data-condition': type },
    element('strong', {}, `${type}: ${answer}`),
    ` ${reason}`,
    ...(message === '' ? [] : [element('br', {}), message]),
    ...(since === undefined ? [] : [element('span', { class: 'quiet' }, ` (for ${age(since, now)})`)]),
  );
}

function revisions(
  { generation, revision, applied, confirmed, pending, hold }: Status,
  now: number,
): HTMLElement[] {
  const rows: [name: string, value: string][] = [['Generation', String(generation)]];
  if (revision)
    rows.push(['Desired', `${revision.commit.slice(0, 12)} ${revision.subject} (${revision.author})`]);
  for (const [name, state] of [
    ['Applied', applied],
    ['Confirmed', confirmed],
  ] as const) {
    if (!state) continue;
    const commit = state.revision ? `${state.revision.commit.slice(0, 12)} ` : '';
    const failed = state.failed ? `; it failed on ${state.failed.join(', ')}` : '';
    rows.push([
      name,
      `${commit}generation ${state.generation}, ${age(state.time, now)} ago, by ${state.origin}${failed}`,
    ]);
  }
  if (pending) rows.push(['Waiting', 'a change waits for its confirmation']);
  if (hold) rows.push(['On hold', hold.reason]);
  return rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]);
}

function interfaceTable(interfaces: readonly InterfaceStatus[], now: number): Node[] {
  const rows = interfaces.map((one) => [
    one.name,
    element(
      'span',
      { class: one.condition === 'Ready' ? 'good' : 'care' },
      `${one.condition}: ${one.reason}`,
    ),
    one.mode ?? '-',
    one.running?.name ?? one.program ?? '-',
    one.attached === undefined ? '-' : age(one.attached, now),
    one.packets ? grouped(one.packets.seen) : '-',
    one.packets ? grouped(one.packets.dropped) : '-',
    one.tc.map(({ name }) => name).join(', ') || '-',
  ]);
  const columns = [
    { title: 'Interface' },
    { title: 'Condition' },
    { title: 'Mode' },
    { title: 'Runs' },
    { title: 'For' },
    { title: 'Packets', isNumber: true },
    { title: 'Dropped', isNumber: true },
    { title: 'tc behind it' },
  ];
  return table(
    columns,
    rows,
    interfaces.length === 0 ? 'Nothing is wanted on any interface.' : 'What runs where.',
  );
}
