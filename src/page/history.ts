// What was applied, newest first: a timeline that is asked for again when a generation was made.
import type { GenerationReport, GenerationSummary, History, InterfaceOutcomes } from '../model/history.js';
import { element, fill, part } from './dom.js';
import { fetchDocument } from './poll.js';

let shown: number | undefined;

/** `generation` is the newest one, as the status says. */
export function watchHistory(generation: number): void {
  if (generation === shown) return;
  shown = generation;
  fetchDocument<History>('api/history').then(showHistory, (error: unknown) => {
    shown = undefined; // asked for again with the next status
    fill(
      part('history'),
      element('li', { class: 'bad' }, error instanceof Error ? error.message : String(error)),
    );
  });
}

function showHistory({ generations }: History): void {
  const items = [...generations].reverse().map(item);
  fill(
    part('history'),
    ...(items.length > 0 ? items : [element('li', { class: 'quiet' }, 'Nothing was changed yet.')]),
  );
}

function item(one: GenerationSummary): HTMLElement {
  const { number, time, origin, of, reason, source } = one;
  const what = of === number ? origin : `${origin} to ${of}`;
  const who = source ? [`${source.commit.slice(0, 12)} ${source.subject} (${source.author})`] : [];
  const why = reason === undefined ? [] : [`“${reason}”`];
  const changes = one.changes?.length === 0 ? ['nothing changed'] : (one.changes ?? []);
  const details = [...who, ...why, ...changes, ...one.interfaces.map(outcomes)];
  return element(
    'li',
    { 'data-generation': String(number) },
    element('strong', {}, `${number} `),
    element('time', { datetime: time }, new Date(time).toLocaleString()),
    ` ${what}`,
    element('ul', {}, ...details.map((line) => element('li', {}, line))),
    packetsOf(number),
  );
}

function outcomes({ name, done, failed, undone, open }: InterfaceOutcomes): string {
  const counts = { done, failed, undone, open };
  const told = Object.entries(counts).flatMap(([word, count]) => (count > 0 ? [`${count} ${word}`] : []));
  return `${name}: ${told.join(', ') || 'nothing to do'}`;
}

/** Which packets got another verdict from then on: asked for when somebody wants to see it. */
function packetsOf(number: number): HTMLElement {
  const inside = element('div', {}, 'Asking the host…');
  const details = element(
    'details',
    {},
    element('summary', {}, `What generation ${number} changed for packets`),
    inside,
  );
  details.addEventListener('toggle', () => {
    if (!details.open) return;
    fetchDocument<GenerationReport>(`api/generations/${number}`).then(
      (report) => {
        inside.replaceChildren(...fateList(report));
      },
      (error: unknown) => {
        inside.replaceChildren(error instanceof Error ? error.message : String(error));
      },
    );
  });
  return details;
}

function fateList({ diff }: GenerationReport): Node[] {
  if (!diff) return [element('p', { class: 'quiet' }, 'What was before it cannot be read.')];
  const reports = [
    ...diff.hosts.flatMap(({ interfaces }) =>
      interfaces.map(({ pattern, fates }) => ({ name: pattern, fates })),
    ),
    ...diff.policies.map(({ policy, fates }) => ({ name: `policy ${policy}`, fates })),
  ];
  const items = reports.flatMap(({ name, fates }) =>
    (fates?.changes ?? []).map(({ from, fromRow, to, toRow, example }) =>
      element('li', {}, `${name}: ${from} by ${fromRow}, now ${to} by ${toRow}. For example: ${example}`),
    ),
  );
  const isWhole = reports.every(({ fates }) => fates?.complete ?? true);
  return [
    items.length > 0
      ? element('ul', {}, ...items)
      : element('p', {}, 'No packet gets another verdict, or no policy took the place of another.'),
    ...(isWhole ? [] : [element('p', { class: 'care' }, 'There may be more changes than these.')]),
  ];
}
