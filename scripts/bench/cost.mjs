// What a packet costs by BPF_PROG_TEST_RUN, in ns over `return XDP_DROP`: of policies by number of rules, of the
// article's program and of xdp-filter.
import { lastRulePacket, mixed, singleField, sparse } from './policies.mjs';
import { interleave, median } from './statistics.mjs';
import { loadArticle, loadPlain, loadPolicy } from './subjects.mjs';

const REPEAT = 60_000;
const ROUNDS = 24; // each test run waits some 15 ms for the kernel to patch its dispatcher
const VERDICT_DROP = 1;
const ETH_ARP = 0x0806;

export const COUNTS = [1, 10, 100, 1000];
export const SHAPES = [
  { name: 'single-field', make: singleField },
  { name: 'mixed five-field', make: mixed },
  { name: 'mixed, fields left open', make: sparse },
];

/**
 * Rows `{ name, rules, packet, what, min, median }`; `packet` is one of the last rule (`hit`), one of no rule (`miss`), or
 * has random addresses (`random`, over a floor that also writes them). The first row is the floor itself.
 */
export function measureCost(context, xdpFilter) {
  const { core } = context;
  const subjects = {};
  const rows = [];
  const add = (row, object, data) => {
    rows.push({ what: '', ...row });
    subjects[rows.length - 1] = () => core.testRun(object.programFd(), { data, repeat: REPEAT }).duration;
  };
  const packet = (description) => core.buildPacket(description);
  const missed = packet({ protocol: 6, destinationPort: 9 });
  const objects = new Loaded();
  try {
    const plain = (function_) => objects.use(loadPlain(context, function_));
    add({ name: 'floor: return XDP_DROP', packet: 'hit' }, plain('bare_drop'), missed);
    add({ name: 'floor with random addresses', packet: 'random' }, plain('floor_random'), missed);
    const empty = plain('firewall');
    const arp = packet({ etherType: ETH_ARP });
    add({ name: 'policy without rules', packet: 'miss', what: 'ARP' }, empty, arp);
    add({ name: 'policy without rules', packet: 'miss', what: 'TCP over IPv4' }, empty, missed);
    const icmp = packet({ protocol: 1 });
    add(
      { name: "the article's program", packet: 'hit', what: 'ICMP, dropped' },
      objects.use(loadArticle(context)),
      icmp,
    );
    for (const [features, fd] of Object.entries(xdpFilter.programs ?? {})) {
      const program = { programFd: () => fd };
      const name = `xdp-filter, features ${features}`;
      requireDrop(core, fd, xdpFilter.packet, name);
      add({ name, packet: 'hit', what: 'dropped port' }, program, xdpFilter.packet);
      add(
        { name, packet: 'miss', what: 'other port' },
        program,
        packet({ protocol: 6, destinationPort: 10 }),
      );
    }
    for (const { name, make } of SHAPES) {
      for (const rules of COUNTS) {
        const wanted = make(rules);
        const object = objects.use(loadPolicy(context, wanted, 'firewall'));
        const hit = packet(lastRulePacket(wanted));
        requireDrop(core, object.programFd(), hit, name);
        add({ name, rules, packet: 'hit' }, object, hit);
        add({ name, rules, packet: 'miss' }, object, missed);
        const randomly = objects.use(loadPolicy(context, wanted, 'firewall_random'));
        add({ name, rules, packet: 'random' }, randomly, hit);
      }
    }
    return overFloor(rows, interleave(ROUNDS, subjects));
  } finally {
    objects.dispose();
  }
}

/** A subject that does not do what it is measured for would be a wrong number. */
export function requireDrop(core, program, data, name) {
  const { verdict } = core.testRun(program, { data });
  if (verdict !== VERDICT_DROP) throw new Error(`${name}: verdict ${verdict} instead of drop`);
}

function overFloor(rows, times) {
  const floors = { hit: times[0], miss: times[0], random: times[1] };
  return rows.map((row, at) => {
    const base = at < 2 ? undefined : floors[row.packet];
    const over = (measure) => measure(times[at]) - (base === undefined ? 0 : measure(base));
    return { ...row, min: over((all) => Math.min(...all)), median: over(median) };
  });
}

/** Objects that are closed together, also those of a measurement that failed half-way. */
class Loaded {
  #objects = [];

  use(object) {
    this.#objects.push(object);
    return object;
  }

  dispose() {
    for (const object of this.#objects) object[Symbol.dispose]();
  }
}
