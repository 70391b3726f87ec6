// What `top` shows: a line for the host, one for each interface, then the rules; as many as there is room for.
import type { InterfaceTraffic, RuleTraffic, Traffic } from '../model/traffic.js';
import { fit, fitRight, scaled } from './cells.js';
import { sparkline } from './sparkline.js';
import { json, type Paint, printable } from './style.js';

export const SORTS = ['packets', 'bits', 'total', 'name'] as const;
export type Sort = (typeof SORTS)[number];

export interface TopState {
  sort: Sort;
  reverse: boolean;
  /** Part of the name of an interface or rule, or an action; '' shows all. */
  filter: string;
  /** The filter is being written. */
  editing: boolean;
  /** Rules that are above the first one shown. */
  scroll: number;
  paused: boolean;
}

export const TOP_START: TopState = {
  sort: 'packets',
  reverse: false,
  filter: '',
  editing: false,
  scroll: 0,
  paused: false,
};

export interface Screen {
  columns: number;
  rows: number;
  unicode: boolean;
  paint: Paint;
  host: string;
}

interface Row extends RuleTraffic {
  interface: string;
}

const SMALLEST = { columns: 20, rows: 4 };
const KEYS = 'q quit  p b t n sort  r reverse  / filter  arrows scroll  space pause';

/** Exactly `rows` lines, none wider than `columns`; a small terminal gets what fits. */
export function renderTop(traffic: Traffic, state: TopState, screen: Screen): string[] {
  const { columns, rows } = screen;
  if (columns < SMALLEST.columns || rows < SMALLEST.rows) return filled([fit('too small', columns)], rows);
  const interfaces = traffic.interfaces;
  const room = Math.max(1, Math.min(interfaces.length, Math.floor((rows - 4) / 3)));
  const busiest = interfaces.toSorted((a, b) => b.packetsPerSecond - a.packetsPerSecond).slice(0, room);
  const head = [headLine(traffic, screen), ...busiest.map((one) => interfaceLine(one, screen))];
  const shown = rowsOf(traffic, state);
  const space = Math.max(0, rows - head.length - 2);
  const from = Math.min(state.scroll, Math.max(0, shown.length - space));
  const table = [
    screen.paint('inverse', titleLine(screen)),
    ...shown.slice(from, from + space).map((row) => ruleLine(row, screen)),
  ];
  return [...filled([...head, ...table], rows - 1), footLine(shown.length, from, space, state, screen)];
}

/** Rules in order, those that the filter leaves. */
export function rowsOf({ interfaces }: Traffic, { sort, reverse, filter }: TopState): Row[] {
  const all = interfaces.flatMap((one) => one.rules.map((rule) => ({ ...rule, interface: one.interface })));
  const wanted = filter.toLowerCase();
  const found = all.filter((row) =>
    [row.interface, row.rule, row.action].some((text) => text.toLowerCase().includes(wanted)),
  );
  const ordered = found.sort((a, b) => ORDER[sort](a, b) || b.packets - a.packets || byName(a, b));
  return reverse ? ordered.reverse() : ordered;
}

const ORDER: Record<Sort, (a: Row, b: Row) => number> = {
  packets: (a, b) => b.packetsPerSecond - a.packetsPerSecond,
  bits: (a, b) => b.bitsPerSecond - a.bitsPerSecond,
  total: (a, b) => b.packets - a.packets,
  name: byName,
};

function byName(a: Row, b: Row): number {
  return a.interface.localeCompare(b.interface) || a.rule.localeCompare(b.rule);
}

function filled(lines: string[], rows: number): string[] {
  return [...lines, ...Array.from({ length: Math.max(0, rows) }, () => '')].slice(0, Math.max(0, rows));
}

function headLine({ time, interfaces }: Traffic, { host, columns, unicode, paint }: Screen): string {
  const sum = (field: 'packetsPerSecond' | 'bitsPerSecond'): number =>
    interfaces.reduce((total, one) => total + one[field], 0);
  const packets = sum('packetsPerSecond');
  const dropped = interfaces.reduce((total, one) => total + one.dropShare * one.packetsPerSecond, 0);
  const words = [
    new Date(time).toISOString().slice(11, 19),
    printable(host),
    `${scaled(packets)} pkt/s`,
    `${scaled(sum('bitsPerSecond'))} bit/s`,
    `${percent(packets > 0 ? dropped / packets : 0)} dropped`,
  ];
  return paint('bold', fit(words.join('  '), columns, !unicode));
}

function interfaceLine(one: InterfaceTraffic, screen: Screen): string {
  const { columns, unicode, paint } = screen;
  const figures = [
    fitRight(scaled(one.packetsPerSecond), 6),
    'pkt/s',
    fitRight(scaled(one.bitsPerSecond), 6),
    'bit/s',
    fitRight(percent(one.dropShare), 5),
    'dropped',
  ].join(' ');
  const name = Math.min(15, Math.max(4, columns - figures.length - 1));
  const line = `${fit(printable(one.interface), name, !unicode)} ${figures}`;
  const left = columns - name - figures.length - 2;
  const bars = left >= 4 ? ` ${sparkline(one.history, left, unicode)}` : '';
  return fit(line, Math.min(columns, name + 1 + figures.length), !unicode) + paint('cyan', bars);
}

interface Layout {
  interface: number;
  rule: number;
  total: number;
  bars: number;
}

const ACTION = 8;
const FIGURE = 7;

/** What is left for the words and the bars beside action, rates and the gaps; the least needed goes first. */
function layoutOf(columns: number): Layout {
  const fixed = ACTION + 2 * FIGURE + 3;
  const left = columns - fixed;
  const total = left >= 40 ? FIGURE : 0;
  const bars = left >= 34 ? Math.min(60, Math.floor(left / 4)) : 0;
  const interface_ = left >= 24 ? Math.min(15, Math.floor(left / 5)) : 0;
  const gaps = [total, bars, interface_].filter((width) => width > 0).length;
  return { interface: interface_, total, bars, rule: Math.max(1, left - total - bars - interface_ - gaps) };
}

function titleLine({ columns, unicode }: Screen): string {
  const { interface: name, rule, total, bars } = layoutOf(columns);
  const cells = [
    ...(name > 0 ? [fit('INTERFACE', name)] : []),
    fit('RULE', rule),
    fit('ACTION', ACTION),
    fitRight('PKT/S', FIGURE),
    fitRight('BIT/S', FIGURE),
    ...(total > 0 ? [fitRight('PACKETS', FIGURE)] : []),
    ...(bars > 0 ? [fit('HISTORY', bars)] : []),
  ];
  return fit(cells.join(' '), columns, !unicode);
}

function ruleLine(row: Row, { columns, unicode, paint }: Screen): string {
  const { interface: name, rule, total, bars } = layoutOf(columns);
  const cells = [
    ...(name > 0 ? [fit(printable(row.interface), name, !unicode)] : []),
    fit(printable(row.rule), rule, !unicode),
    paint(COLORS[row.action] ?? 'yellow', fit(row.action, ACTION)),
    fitRight(scaled(row.packetsPerSecond), FIGURE),
    fitRight(scaled(row.bitsPerSecond), FIGURE),
    ...(total > 0 ? [fitRight(scaled(row.packets), FIGURE)] : []),
    ...(bars > 0 ? [paint('cyan', sparkline(row.history, bars, unicode))] : []),
  ];
  return cells.join(' ');
}

const COLORS: Record<string, 'red' | 'green' | undefined> = { drop: 'red', pass: 'green' };

function footLine(
  count: number,
  from: number,
  space: number,
  { sort, reverse, filter, editing, paused }: TopState,
  { columns, unicode, paint }: Screen,
): string {
  if (editing) return fit(`filter: ${printable(filter)}_`, columns, !unicode);
  const shown = `${Math.min(count, from + 1)}-${Math.min(count, from + space)} of ${count}`;
  const words = [
    ...(paused ? ['PAUSED'] : []),
    shown,
    `by ${sort}${reverse ? ', reversed' : ''}`,
    ...(filter === '' ? [] : [`with "${printable(filter)}"`]),
    KEYS,
  ];
  return paint('dim', fit(words.join('  '), columns, !unicode));
}

function percent(share: number): string {
  return share > 0.9995 && share < 1 ? '99.9%' : `${(share * 100).toFixed(share >= 0.9995 ? 0 : 1)}%`;
}

/** One look as lines, for what is no terminal; rules that count nothing are left out. */
export function renderTraffic(traffic: Traffic, screen: Omit<Screen, 'rows'>): string {
  const rows = rowsOf(traffic, TOP_START).filter(({ packets }) => packets > 0);
  const lines = [
    headLine(traffic, { ...screen, rows: 0 }),
    titleLine({ ...screen, rows: 0 }),
    ...rows.map((row) => ruleLine(row, { ...screen, rows: 0 })),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n\n`;
}

/** One look as a record of a stream; histories are what the reader keeps himself. */
export function trafficRecord({ time, interfaces }: Traffic): string {
  const without = (one: object): object => ({ ...one, history: undefined });
  const all = interfaces.map((one) => ({ ...without(one), rules: one.rules.map(without) }));
  return json({ kind: 'Traffic', time: new Date(time).toISOString(), interfaces: all }, 0);
}
