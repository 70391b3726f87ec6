// The lists and the interfaces as text, and as docs/benchmarks-scale.md with its plots.
import { writeFileSync } from 'node:fs';
import { docs, printSections, sumUp, targetSection, writeDocument } from './document.mjs';
import { scalePlot } from './plots.mjs';
import { CASES } from './scale-lists.mjs';

export function printScale(results, targets) {
  printSections(sections(results, targets));
}

export function writeScale(results, targets) {
  const { cpu, cores, kernel, node, clang, date } = results.machine;
  for (const [file, title, metric] of PLOTS) {
    writeFileSync(`${docs}benchmarks/${file}.svg`, scalePlot(title, seriesOf(results.lists, metric)));
  }
  const head = [
    '# Benchmarks: long lists and many interfaces',
    `Written by \`npm run bench -- scale --write\`: ${cpu}, ${cores} cores, Linux ${kernel}, Node ${node.slice(1)}, ${clang}, ${date}. All who hold one list were measured in one run, with the load that stands beside; compare within a list only. The cost of a packet and of a change: [benchmarks.md](benchmarks.md).`,
    sumUp(targets),
  ];
  writeDocument('benchmarks-scale.md', head, sections(results, targets));
}

const PLOTS = [
  ['lookup', 'Asking for a listed address that is in no cache, ns over an empty list', 'hit'],
  ['fill', 'From the text of a list to deciding packets, ms', 'fill'],
];

/** Of the lists of single IPv4 addresses, which differ in length alone. */
function seriesOf(lists, metric) {
  const plain = CASES.filter(({ family, prefixes }) => family === 4 && !prefixes);
  const counts = new Map(plain.map(({ name, count }) => [name, count]));
  const rows = lists.filter((row) => counts.has(row.list) && row[metric] > 0); // less is noise
  const series = [...new Set(rows.map(({ name }) => name))].map((name) => ({
    name,
    points: rows
      .filter((row) => row.name === name)
      .map((row) => ({ x: counts.get(row.list), y: row[metric] }))
      .sort((a, b) => a.x - b.x),
  }));
  return series.filter(({ points }) => points.length > 1);
}

function sections({ lists, interfaces }, targets) {
  const number = (value) =>
    typeof value !== 'number' ? (value ?? '') : value.toLocaleString('en', { maximumFractionDigits: 0 });
  const megabytes = (value) => {
    if (value === undefined) return '';
    return (value / 2 ** 20).toLocaleString('en', { maximumSignificantDigits: 3 });
  };
  const order = (list) => CASES.findIndex(({ name }) => name === list);
  const row = (one) => [
    one.list,
    one.name,
    ...(one.missing === undefined
      ? [number(one.fill), megabytes(one.peak), megabytes(one.memory), number(one.change)]
      : [one.missing, '', '', '']),
    ...[one.hit, one.miss, one.noop, one.noopBase].map(number),
    one.load ?? '',
  ];
  return [
    targetSection(targets),
    {
      title: 'Lists',
      intro: LISTS,
      table: [
        [
          'list',
          'who',
          'fill, ms',
          'peak, MB',
          'kernel, MB',
          'change, ms',
          'hit, ns',
          'miss, ns',
          'no-op, ms',
          'without',
          'load',
        ],
        ...lists.toSorted((a, b) => order(a.list) - order(b.list)).map(row),
      ],
    },
    {
      title: 'Many interfaces',
      intro: INTERFACES,
      table: [
        ['policies', 'interfaces', 'first pass, ms', 'for each', 'no-op, ms', 'kernel, MB'],
        ...interfaces.map(({ policies, number: count, first, noop, memory, ...medians }) => [
          policies === 'one' ? 'one for all' : 'one for each',
          number(count),
          `${number(first)} / ${number(medians.firstMedian)}`,
          (first / count).toFixed(1),
          `${number(noop)} / ${number(medians.noopMedian)}`,
          megabytes(memory),
        ]),
      ],
    },
  ];
}

const LISTS = `_Fill_: from the start of the command until packets are decided by the list: \`xdpkeep reconcile\` with a text file that it has never seen, on an interface without a program; \`nft -f\`, \`ipset restore\`; the trie in batches of 100,000 from an array in memory; xdp-filter one command for each address. _Peak_: most memory of that process. _Kernel_: what it takes afterwards (memlock; ipset's own word; of an nft set the kernel does not say). _Change_: 1,000 entries (of short lists a tenth), half of them new and half gone: from the start of the command until a packet from a new address is decided by the new list, asked of the program that the pinned link names, every millisecond; the others until their command has ended, with a file of the changes alone. _Hit_ and _miss_: a million sources one after the other, so that none is in a cache, each in the list or in none; over the same program, or the same way through the network stack (nft and ipset in its raw prerouting hook), with an empty list. _No-op_: a pass that finds nothing to do, beside one whose list is empty (_without_). Prefixes: /24 to /32, one in 64 from /16, one in 65,536 from /8; of IPv6 /32 to /64.

![lookup against entries](benchmarks/lookup.svg)

![fill against entries](benchmarks/fill.svg)`;

const INTERFACES =
  'veth pairs, native mode, four rules: one policy for all of them, or one for each. _First pass_: a reconcile that attaches all of them, the start of the process included; _no-op_: one that finds nothing to do. Least / median of three and of five.';
