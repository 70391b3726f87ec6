// Generations as people read them, the newest last, next to the prompt.
import type { GenerationSummary, History, InterfaceOutcomes } from '../model/history.js';
import { commitWords } from './source.js';
import { columns, printable } from './style.js';

const HEADER = ['GENERATION', 'TIME', 'ORIGIN', 'HOST', 'INTERFACES', 'REASON'];

export function renderHistory({ generation, generations }: History): string {
  if (generation === 0) return 'nothing was ever applied: generation 0\n';
  if (generations.length === 0) return `generation ${generation} is the latest; none can be read\n`;
  return `${columns([HEADER, ...generations.map(row)]).join('\n')}\n`;
}

function row(generation: GenerationSummary): string[] {
  const { number, time, origin, of, host, interfaces, reason, source } = generation;
  return [
    String(number),
    time,
    of === number ? origin : `${origin} to ${of}`,
    printable(host),
    interfaces.map(outcomes).join(', ') || '-',
    printable(reason ?? (source ? commitWords(source) : '-')),
  ];
}

function outcomes({ name, ...counts }: InterfaceOutcomes): string {
  const words = Object.entries(counts).flatMap(([word, count]) => (count > 0 ? [`${count} ${word}`] : []));
  return `${printable(name)}: ${words.join(' ')}`;
}
