// Live frames sent over a veth pair and dropped natively by each subject: frames that were received, per second.
import { readFileSync } from 'node:fs';
import { requireDrop } from './cost.mjs';
import { lastRulePacket, mixed, singleField } from './policies.mjs';
import { interleave, median } from './statistics.mjs';
import { addVeth, loadArticle, loadPlain, loadPolicy } from './subjects.mjs';

/**
 * A run waits some 20 ms for the kernel to tidy up, and ends with a tick of its clock, of 4 ms. So it is long, and what a run
 * of few frames takes, at its best, is taken away: neither is the program's.
 */
const FRAMES = 6_000_000;
const FEW = 20_000;
const ROUNDS = 9;

/** Rows `{ name, best, median, ratio }` in million/s; the ratio is of the bests, to the bare drop, the first row. */
export function measureThroughput(context, xdpFilter) {
  const { core } = context;
  const packet = (description) => core.buildPacket(description);
  const one = singleField(1);
  const thousand = mixed(1000);
  const plain = packet({ protocol: 6, destinationPort: 9 });
  const loaded = [];
  const load = (object) => {
    loaded.push(object);
    return object.programFd();
  };
  try {
    const candidates = [
      ['return XDP_DROP', load(loadPlain(context, 'bare_drop')), plain],
      ["the article's program", load(loadArticle(context)), packet({ protocol: 1 })],
      ['policy, 1 rule', load(loadPolicy(context, one, 'firewall')), packet(lastRulePacket(one))],
      [
        'policy, 1,000 mixed rules',
        load(loadPolicy(context, thousand, 'firewall')),
        packet(lastRulePacket(thousand)),
      ],
      ...Object.entries(xdpFilter.programs ?? {}).map(([features, fd]) => [
        `xdp-filter, features ${features}`,
        fd,
        xdpFilter.packet,
      ]),
    ];
    const measure = makeLine(context, 'live', load);
    const subjects = {};
    for (const [name, fd, data] of candidates) {
      requireDrop(core, fd, data, name);
      subjects[name] = () => measure(fd, data);
    }
    const rates = interleave(ROUNDS, subjects);
    const floor = rates[candidates[0][0]];
    return candidates.map(([name]) => {
      const best = Math.max(...rates[name]); // whatever else runs only takes away
      return { name, best, median: median(rates[name]), ratio: best / Math.max(...floor) };
    });
  } finally {
    for (const object of loaded) object[Symbol.dispose]();
  }
}

/**
 * A veth pair of this name, and what gives the million frames a second that a program on its other end takes in of one
 * frame, again and again. `load` keeps what it is given and gives its program.
 */
export function makeLine(context, name, load) {
  const { core } = context;
  addVeth(name);
  const ifindex = (device) => core.listInterfaces().find((one) => one.name === device).ifindex;
  const generator = load(loadPlain(context, 'generate'));
  const sender = ifindex(name);
  const receiver = ifindex(`${name}p`);
  core.createLink(new core.Fd(load(loadPlain(context, 'pass'))), sender, 'native');
  const send = (data, repeat) => {
    const started = process.hrtime.bigint();
    core.liveFrames(generator, { data, ingressIfindex: sender, repeat });
    return Number(process.hrtime.bigint() - started) / 1e9;
  };
  let few = Infinity;
  return (fd, data) => {
    const link = core.createLink(new core.Fd(fd), receiver, 'native');
    try {
      few = Math.min(few, send(data, FEW));
      const before = received(`${name}p`);
      const seconds = send(data, FRAMES) - few;
      return (received(`${name}p`) - before - FEW) / seconds / 1e6;
    } finally {
      link[Symbol.dispose]();
    }
  };
}

/** Frames that an interface has taken in; /proc/net is that of this namespace. */
function received(name) {
  const line = readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .find((one) => one.trim().startsWith(`${name}:`));
  return Number(line.split(':')[1].trim().split(/\s+/)[1]);
}
