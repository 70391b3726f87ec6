// The results as text, and as docs/benchmarks.md with its plots.
import { mkdirSync, writeFileSync } from 'node:fs';
import { docs, printSections, sumUp, targetSection, writeDocument } from './document.mjs';
import { costPlot, throughputPlot } from './plots.mjs';
import { COUNTS, SHAPES } from './cost.mjs';
import { policyCost } from './targets.mjs';

export function printResults(results, targets) {
  printSections(sections(results, targets));
}

export function writeReport(results, targets) {
  mkdirSync(`${docs}benchmarks`, { recursive: true });
  writeFileSync(`${docs}benchmarks/cost.svg`, costPlot(results));
  writeFileSync(`${docs}benchmarks/throughput.svg`, throughputPlot(results));
  const { cpu, cores, kernel, node, clang, date, load } = results.machine;
  const head = [
    '# Benchmarks',
    `Written by \`npm run bench -- --write\`, all numbers from one run: ${cpu}, ${cores} cores, Linux ${kernel}, Node ${node.slice(1)}, ${clang}, ${date}, load ${load} at the start. Compare within the run only. Long lists and many interfaces: [benchmarks-scale.md](benchmarks-scale.md).`,
    sumUp(targets),
  ];
  writeDocument('benchmarks.md', head, sections(results, targets));
}

function range(row) {
  return `${row.min} / ${row.median}`;
}

export function connectionSection({ rows, missing }) {
  const unknown = missing === undefined ? [] : [['conntrack', `not measured: ${missing}`, '']];
  return {
    title: 'Connections, ns',
    intro:
      'By `BPF_PROG_TEST_RUN`, least / median of the rounds, over the program that is named. _In turn_: 100,000 flows in an order that was shuffled, so that none is in the caches.',
    table: [
      ['what', 'over', 'least / median'],
      ...rows.map((row) => [row.name, row.what, range(row)]),
      ...unknown,
    ],
  };
}

function sections(results, targets) {
  const { cost, connections, sampling, top, throughput, compile, changes, startup, xdpFilter } = results;
  const missing =
    xdpFilter.missing === undefined ? [] : [['xdp-filter', `not measured: ${xdpFilter.missing}`, '', '']];
  const ms = (value) => value.toFixed(0);
  return [
    targetSection(targets),
    {
      title: 'Cost of a packet, ns over the floor: policies',
      intro:
        'By `BPF_PROG_TEST_RUN`, least / median of the rounds. _Last rule_: the packet that the last rule drops, again and again. _No rule_: a packet that meets the default. _Random addresses_: two IPv4 addresses from a table of 4,096 pairs, half of them of rules, over a floor that writes them too.\n\n![cost against number of rules](benchmarks/cost.svg)',
      table: [
        ['rules', 'number', 'last rule', 'no rule', 'random addresses'],
        ...SHAPES.flatMap(({ name }) =>
          COUNTS.map((rules) => [
            name,
            rules.toLocaleString('en'),
            ...['hit', 'miss', 'random'].map((packet) => range(policyCost(cost, name, rules, packet))),
          ]),
        ),
      ],
    },
    {
      title: 'Cost of a packet, ns: floor and others',
      intro: 'The floors are absolute, the others over the floor.',
      table: [
        ['program', 'packet', 'least / median'],
        ...cost
          .filter(({ name }) => SHAPES.every((shape) => shape.name !== name))
          .map((row) => [row.name, row.what, range(row)]),
        ...missing.map((row) => row.slice(0, 3)),
      ],
    },
    connectionSection(connections),
    {
      title: 'Throughput of live frames, dropped natively',
      intro:
        'Over a veth pair; frames that the receiving end took in, by one core that both makes and drops them. What a run of few frames takes, which is the kernel tidying up, is taken away. Best / median of the rounds; the ratio is of the bests.\n\n![throughput](benchmarks/throughput.svg)',
      table: [
        ['program', 'million frames/s', 'to the bare drop'],
        ...throughput.map(({ name, best, median, ratio }) => [
          name,
          `${best.toFixed(2)} / ${median.toFixed(2)}`,
          ratio.toFixed(2),
        ]),
        ...missing.map((row) => row.slice(0, 3)),
      ],
    },
    {
      title: 'Looking on',
      intro: `The same over another pair, while packets become events or are watched. \`top\` with 1,000 rules, drawn once a second, took ${top.toFixed(1)} % of a core.`,
      table: [
        ['one rule, and', 'million frames/s', 'to the rule alone'],
        ...sampling.map(({ name, best, median, ratio }) => [
          name,
          `${best.toFixed(2)} / ${median.toFixed(2)}`,
          ratio.toFixed(2),
        ]),
      ],
    },
    {
      title: 'From a change to the kernel',
      intro:
        'Wall time from the start of the process; seven runs each, of the start-up fifteen. _Until the kernel runs it_: until the pinned link names another program, asked of the kernel every millisecond from outside.',
      table: [
        ['what', 'median, ms', 'other'],
        ['compile 1,000 mixed rules', ms(compile.median), `first time in a process: ${ms(compile.first)}`],
        ...changes.flatMap(({ rules, attach, swap, median, max }) => [
          [`one rule of ${rules.toLocaleString('en')} changed: until the kernel runs it`, ms(swap), ''],
          [
            'the same: until the process has ended',
            ms(median),
            `slowest ${ms(max)}, first attach ${ms(attach)}`,
          ],
        ]),
        ...startup.map(({ name, ms: took, base, baseMs }) => [name, ms(took), `${base}: ${ms(baseMs)}`]),
      ],
    },
  ];
}
