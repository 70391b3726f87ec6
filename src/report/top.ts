// What `top` shows: a line for the host, one for each interface, then the rules; as many as there is room for.
import type { InterfaceTraffic, RuleTraffic, Traffic } from '../model/traffic.js';
import { fit, fitRight, scaled } from './cells.js';
import { connectionLines } from './connections.js';
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
  if (columns < SMALLEST.columns || rows < SMALLEST.rows)
    return filled([fit('too small', columns, !screen.unicode)], rows);
  const interfaces = traffic.interfaces;
  const told = rows < ROOM_FOR_TABLES ? [] : tableLines(traffic, screen);
  const room = Math.max(1, Math.min(interfaces.length, Math.floor((rows - told.length - 4) / 3)));
  const busiest = interfaces.toSorted((a, b) => b.packetsPerSecond - a.packetsPerSecond).slice(0, room);
  const head = [headLine(traffic, screen), ...busiest.map((one) => interfaceLine(one, screen)), ...told];
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

function interfaceLine(one: InterfaceTraffic, { columns, unicode, paint }: Screen): string {
  const figures = [
    fitRight(scaled(one.packetsPerSecond), 6),
    'pkt/s',
    fitRight(scaled(one.bitsPerSecond), 6),
    'bit/s',
    fitRight(percent(one.dropShare), 6),
    'dropped',
  ].join(' ');
  const name = Math.min(15, Math.max(4, columns - figures.length - 1));
  const line = `${fit(printable(one.interface), name, !unicode)} ${figures}`;
  const left = columns - line.length - 1;
  if (left < 4) return fit(line, columns, !unicode);
  return `${line} ${paint('cyan', sparkline(one.history, left, unicode))}`;
}

/** Rows of a terminal that has room for the tables of connections as well. */
const ROOM_FOR_TABLES = 10;

function tableLines({ connections }: Traffic, { columns, unicode, paint }: Omit<Screen, 'rows'>): string[] {
  if (!connections) return [];
  return connectionLines(connections, (_style, text) => text).map((line) => {
    const shown = fit(line, columns, !unicode);
    return connections.pressure === 'none' ? shown : paint('yellow', shown);
  });
}

const ACTION = 8;
const FIGURE = 7;

/** Columns of a rule's line: its name is always there, the others as long as there is room. */
interface Layout {
  interface: number;
  rule: number;
  action: number;
  packets: number;
  bits: number;
  total: number;
  bars: number;
}

function layoutOf(columns: number): Layout {
  const widths = {
    packets: FIGURE,
    action: columns >= 34 ? ACTION : 0,
    bits: columns >= 40 ? FIGURE : 0,
    interface: columns >= 50 ? Math.min(15, Math.floor(columns / 7)) : 0,
    bars: columns >= 60 ? Math.min(60, Math.floor(columns / 6)) : 0,
    total: columns >= 68 ? FIGURE : 0,
  };
  const used = Object.values(widths).reduce((sum, width) => sum + (width > 0 ? width + 1 : 0), 0);
  return { ...widths, rule: columns - used };
}

type Cells = Record<keyof Layout, string>;

/** In the order in which they stand. */
function lineOf(layout: Layout, cells: Cells): string {
  const order = ['interface', 'rule', 'action', 'packets', 'bits', 'total', 'bars'] as const;
  return order
    .filter((name) => layout[name] > 0)
    .map((name) => cells[name])
    .join(' ');
}

function titleLine({ columns }: Screen): string {
  const layout = layoutOf(columns);
  return lineOf(layout, {
    interface: fit('INTERFACE', layout.interface, true),
    rule: fit('RULE', layout.rule, true),
    action: fit('ACTION', layout.action),
    packets: fitRight('PKT/S', layout.packets),
    bits: fitRight('BIT/S', layout.bits),
    total: fitRight('PACKETS', layout.total),
    bars: fit('HISTORY', layout.bars, true),
  });
}

function ruleLine(row: Row, { columns, unicode, paint }: Screen): string {
  const layout = layoutOf(columns);
  return lineOf(layout, {
    interface: fit(printable(row.interface), layout.interface, !unicode),
    rule: fit(printable(row.rule), layout.rule, !unicode),
    action: paint(COLORS[row.action] ?? 'yellow', fit(row.action, layout.action)),
    packets: fitRight(scaled(row.packetsPerSecond), layout.packets),
    bits: fitRight(scaled(row.bitsPerSecond), layout.bits),
    total: fitRight(scaled(row.packets), layout.total),
    bars: paint('cyan', sparkline(row.history, layout.bars, unicode)),
  });
}

const COLORS: Record<string, 'red' | 'green' | undefined> = { drop: 'red', reject: 'red', pass: 'green' };

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
    ...tableLines(traffic, screen),
    titleLine({ ...screen, rows: 0 }),
    ...rows.map((row) => ruleLine(row, { ...screen, rows: 0 })),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n\n`;
}

/** One look as a record of a stream; histories are what the reader keeps himself. */
export function trafficRecord({ time, interfaces, connections }: Traffic): string {
  const without = (one: object): object => ({ ...one, history: undefined });
  const all = interfaces.map((one) => ({ ...without(one), rules: one.rules.map(without) }));
  return json({ kind: 'Traffic', time: new Date(time).toISOString(), interfaces: all, connections }, 0);
}
