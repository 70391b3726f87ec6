// What was applied, newest first: a timeline that is asked for again when a generation was made.
import type { GenerationSummary, History, InterfaceOutcomes } from '../model/history.js';
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
  const details = [...who, ...why, ...one.interfaces.map(outcomes)];
  return element(
    'li',
    { 'data-generation': String(number) },
    element('strong', {}, `${number} `),
    element('time', { datetime: time }, new Date(time).toLocaleString()),
    ` ${what}`,
    ...(details.length === 0 ? [] : [element('ul', {}, ...details.map((line) => element('li', {}, line)))]),
  );
}

function outcomes({ name, done, failed, undone, open }: InterfaceOutcomes): string {
  const counts = { done, failed, undone, open };
  const told = Object.entries(counts).flatMap(([word, count]) => (count > 0 ? [`${count} ${word}`] : []));
  return `${name}: ${told.join(', ') || 'nothing to do'}`;
}
