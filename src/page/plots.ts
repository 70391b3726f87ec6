// Drops per rule over time, one plot for each interface. The numbers stand in the table of rules as well.
import uPlot from 'uplot';
import { element, part } from './dom.js';
import type { Rates } from './rates.js';
import { rate } from './words.js';

/** Lines that can be told apart, on light and on dark ground, by people who see colours differently too. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b58900', '#56b4e9'];
const HEIGHT = 220;

interface Plot {
  box: HTMLElement;
  rules: string[];
  plot: uPlot;
}

const plots = new Map<string, Plot>();

/** The rules that drop most are drawn, as many as there are colours. */
export function showPlots(names: readonly string[], rates: Rates): void {
  for (const [name, { box, plot }] of plots) {
    if (names.includes(name)) continue;
    plot.destroy();
    box.remove();
    plots.delete(name);
  }
  for (const name of names) {
    const found = rates.of(name);
    if (found === undefined || found.times.length < 2) continue;
    const dropping = found.rows.filter(({ drops, values }) => drops && values.some((value) => value > 0));
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const most = dropping.sort((a, b) => sum(b.values) - sum(a.values)).slice(0, COLOURS.length);
    const rules = most.map(({ rule }) => rule).sort();
    const data: uPlot.AlignedData = [
      found.times,
      ...rules.map((rule) => most.find((row) => row.rule === rule)?.values ?? []),
    ];
    const { plot, box } = plotOf(name, rules, data);
    plot.setData(data);
    const now = most.map(({ rule, packets }) => `${rule} ${rate(packets)}`).join(', ');
    box
      .querySelector('.plot')
      ?.setAttribute('aria-label', `Drops on ${name}, packets a second now: ${now || 'none'}`);
  }
}

function plotOf(name: string, rules: string[], data: uPlot.AlignedData): Plot {
  const known = plots.get(name);
  if (known?.rules.join('\n') === rules.join('\n')) return known;
  known?.plot.destroy();
  const holder = element('div', { class: 'plot', role: 'img' });
  const box = known?.box ?? element('section', { 'data-interface': name });
  box.replaceChildren(element('h3', {}, `${name}: packets dropped a second`), holder);
  if (!known) part('plots').append(box);
  const style = getComputedStyle(document.body);
  const text = style.getPropertyValue('--text');
  const line = style.getPropertyValue('--line');
  const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line } };
  const plot = new uPlot(
    {
      width: holder.clientWidth,
      height: HEIGHT,
      axes: [axis, { ...axis, size: 64 }],
      scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, most)] } },
      series: [
        {},
        ...rules.map((label, at) => ({
          label,
          stroke: COLOURS[at] ?? text,
          width: 2,
          points: { show: false },
        })),
      ],
    },
    data,
    holder,
  );
  const made = { box, rules, plot };
  plots.set(name, made);
  return made;
}

export function resizePlots(): void {
  for (const { plot, box } of plots.values()) {
    const width = box.querySelector('.plot')?.clientWidth ?? 0;
    if (width > 0) plot.setSize({ width, height: HEIGHT });
  }
}

/** Their colours are those of the ground: drawn anew when it changes. */
export function forgetPlots(): void {
  for (const { plot, box } of plots.values()) {
    plot.destroy();
    box.remove();
  }
  plots.clear();
}
