// Lists of a thousand to four million entries, beside those who know lists as well: filled, changed, asked, looked at again
// without a change, and what they take. One row for each who was measured; what cannot be measured says why.
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  makeBpffs,
  milliseconds,
  reconcileCommand,
  untilTrue,
  writePieces,
  writeState,
  xdpkeepCommand,
} from './commands.mjs';
import { Asker, frame, measureLookups } from './lookup.mjs';
import { createTrie } from './maps.mjs';
import { makeIpset, makeNft, makeTrie, makeXdpFilter, PATIENCE } from './peers.mjs';
import { List } from './scale-lists.mjs';
import { interleave, median } from './statistics.mjs';
import { addVeth, ip } from './subjects.mjs';

const FRAMES = 200_000;
const DROP = 1;
/** More takes nft minutes and gigabytes, xdp-filter one process for each address. */
const MOST = { nft: 1_000_000, 'nft, intervals': 1_000_000, 'xdp-filter': 1000 };

/** Rows `{ list, name, fill, peak, memory, change, hit, miss, noop?, noopBase?, missing? }`: ms, bytes, ns. */
export async function measureScale(context, wanted) {
  const list = new List(wanted);
  const asker = new Asker(context, wanted.family);
  try {
    const rows = [await measureOwn(context, list, asker)];
    for (const [name, measure] of peersOf(context, list, asker))
      rows.push(await attempt(name, list, measure));
    return rows;
  } finally {
    asker.dispose();
  }
}

/** Whoever can hold such a list. */
function peersOf(context, list, asker) {
  const { prefixes, family } = list.wanted;
  const stack = enterStack();
  const asked = (peer) => measureStack(peer, list, asker, stack);
  return [
    ['LPM trie', () => measureTrie(context, list, asker)],
    ...(prefixes ? [] : [['nft', () => asked(makeNft(context.work, list, false))]]),
    ['nft, intervals', () => asked(makeNft(context.work, list, true))],
    ['ipset', () => asked(makeIpset(context.work, list))],
    ...(prefixes || family === 6 ? [] : [['xdp-filter', () => measureXdpFilter(context, list, asker)]]),
  ];
}

/** A peer that fails costs its own row. */
async function attempt(name, list, measure) {
  const row = { list: list.wanted.name, name };
  if (list.wanted.count > (MOST[name] ?? Infinity)) return { ...row, missing: 'not tried' };
  try {
    return { ...row, ...(await measure()) };
  } catch (error) {
    return { ...row, missing: (error.stderr?.toString().trim() || error.message).split('\n')[0] };
  }
}

/** One interface runs the list, and another one the same policy with an empty list, for the difference. */
async function measureOwn({ core, work }, list, asker) {
  const { name, family, rounds = 5 } = list.wanted;
  const state = `scale${name.replace(' ', '-')}`;
  const [full, without] = [makeSide(core, work, state), makeSide(core, work, `${state}-empty`)];
  writePieces(without.file, ['# nothing\n']);
  await untilTrue(() => existsSync(without.link), ...without.reconcile);
  writePieces(full.file, list.lines());
  const fill = await untilTrue(() => existsSync(full.link), ...full.reconcile);
  const memory = JSON.parse(
    execFileSync(...split(xdpkeepCommand(work, state, ['status', '--memory', '--output', 'json'], full)), {
      encoding: 'utf8',
    }),
  ).memory.total;

  const verdict = (index) => {
    const data = frame(core, family, list.address(index));
    return withProgram(core, full.link, (program) => core.testRun(program, { data }).verdict);
  };
  if (verdict(0) !== DROP) throw new Error(`${name}: an address of the list is not dropped`);
  const [asked, floor] = [full, without].map(({ link }) =>
    withProgram(core, link, (program) => asker.around(program)),
  );
  const { xdpkeep } = measureLookups(asker, list, {
    xdpkeep: { full: () => asker.run(asked), empty: () => asker.run(floor) },
  });

  const noop = interleave(rounds, {
    full: () => milliseconds(...full.reconcile),
    without: () => milliseconds(...without.reconcile),
  });
  const changes = [];
  for (let version = 1; version <= rounds; version++) {
    writePieces(full.file, list.lines(version));
    // Prefixes may lie in others: one that nothing covers yet tells when it has arrived.
    const news = list.step(version).added.find((index) => verdict(index) !== DROP);
    changes.push(await untilTrue(() => verdict(news) === DROP, ...full.reconcile));
  }
  full.remove();
  without.remove();
  return {
    list: name,
    name: 'xdpkeep',
    fill: fill.changed,
    peak: fill.peak,
    memory,
    change: median(changes.map(({ changed }) => changed)),
    changeEnded: median(changes.map(({ ended }) => ended)),
    ...xdpkeep,
    noop: median(noop.full),
    noopBase: median(noop.without),
  };
}

const split = ([command, ...args]) => [command, args];

/** The program that a pinned link runs now. */
function withProgram(core, pin, use) {
  const link = core.openPin(pin);
  const program = core.openProgram(core.linkInfo(link).programId);
  try {
    return use(program.number);
  } finally {
    program[Symbol.dispose]();
    link[Symbol.dispose]();
  }
}

let devices = 0;

/** A state with one interface, whose policy drops the sources of a list, on a bpffs of its own. */
function makeSide(core, work, state) {
  const device = `scale${devices++}`;
  addVeth(device);
  const bpffs = makeBpffs(state);
  const rules = [{ name: 'listed', match: { source: { list: 'bench' } }, action: 'drop' }];
  const lists = { bench: { allowEmpty: true, maxShrink: '100%', widest: { ipv4: 0, ipv6: 0 } } };
  const policy = { apiVersion: 'xdpkeep/v1', kind: 'Policy', name: 'bench', lists, rules };
  writeState(
    work,
    state,
    { [device]: { mode: 'native', policy: 'bench' } },
    {
      'policies/bench.yaml': JSON.stringify(policy),
      'lists/bench.txt': '',
    },
  );
  return {
    bpffs,
    file: join(work, state, 'lists/bench.txt'),
    link: core.pinPathsOf(bpffs).link(device),
    reconcile: reconcileCommand(work, state, { bpffs }),
    remove() {
      rmSync(bpffs, { recursive: true });
      ip('link', 'del', device);
    },
  };
}

async function measureTrie({ core }, list, asker) {
  const peer = makeTrie(core, list);
  const none = createTrie(core, list.wanted.family === 4 ? 4 : 16, 1);
  const function_ = `trie${list.wanted.family}`;
  const fill = peer.fill();
  const [full, empty] = [asker.open(function_, { trie: peer.map }), asker.open(function_, { trie: none })];
  const { trie } = measureLookups(asker, list, {
    trie: { full: () => asker.run(full), empty: () => asker.run(empty) },
  });
  const changes = [1, 2, 3].map((version) => peer.change(version).ended);
  const memory = peer.memory();
  peer.remove();
  none[Symbol.dispose]();
  return { fill: fill.ended, memory, change: median(changes), ...trie };
}

/** Where frames enter the network stack. */
function enterStack() {
  const device = `stack${devices++}`;
  addVeth(device);
  ip('link', 'set', device, 'address', '02:00:00:00:00:01'); // as the frames are addressed
  return device;
}

/** nft and ipset are asked by the stack: over the same way with an empty set. */
async function measureStack(peer, list, asker, device) {
  const { ifindex } = asker.core.listInterfaces().find((one) => one.name === device);
  const inject = asker.open('inject');
  peer.empty();
  try {
    const runs = (hit) => {
      asker.bring(list, hit);
      return Math.min(...[1, 2, 3].map(() => asker.inject(inject, ifindex, FRAMES)));
    };
    const before = [true, false].map(runs);
    if (peer.reached() < 6 * FRAMES) throw new Error(`${peer.reached()} packets have reached it only`);
    const fill = await peer.fill();
    const [hit, miss] = [true, false].map(runs).map((time, at) => time - before[at]);
    const memory = peer.memory?.();
    const change = await changed(peer);
    return { fill: fill.ended, peak: fill.peak, memory, ...change, hit, miss };
  } finally {
    peer.remove();
  }
}

/** `change` in ms, or as words: nft refuses to take a prefix out of one that it was merged into, or takes minutes. */
async function changed(peer) {
  try {
    const changes = [];
    for (const version of [1, 2, 3]) changes.push((await peer.change(version)).ended);
    return { change: median(changes) };
  } catch (error) {
    return { change: error.message.endsWith('with 124') ? `over ${PATIENCE},000` : 'refused' };
  }
}

function measureXdpFilter({ core }, list, asker) {
  const peer = makeXdpFilter(core, list);
  try {
    const object = asker.around(peer.program.number);
    const runs = (hit) => {
      asker.bring(list, hit);
      return Math.min(...[1, 2, 3].map(() => asker.run(object)));
    };
    const before = [true, false].map(runs);
    const fill = peer.fill();
    asker.bring(list, true);
    if (asker.verdict(object) !== DROP)
      throw new Error(`verdict ${asker.verdict(object)} for a listed address`);
    const [hit, miss] = [true, false].map(runs).map((time, at) => time - before[at]);
    return { fill: fill.ended, hit, miss };
  } finally {
    peer.remove();
  }
}
