// Live frames sent over a veth pair and dropped natively by each subject: frames that were received, per second.
import { readFileSync } from 'node:fs';
import { requireDrop } from './cost.mjs';
import { lastRulePacket, mixed, singleField } from './policies.mjs';
import { interleave, median } from './statistics.mjs';
import { addVeth, loadArticle, loadPlain, loadPolicy } from './subjects.mjs';

const FRAMES = 1_000_000;
const ROUNDS = 9;

/** Rows `{ name, best, median, ratio }` in million/s; the ratio is of the bests, to the bare drop, the first row. */
export function measureThroughput(context, xdpFilter) {
  const { core } = context;
  addVeth('live');
  const ifindex = (name) => core.listInterfaces().find((one) => one.name === name).ifindex;
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
    const generator = load(loadPlain(context, 'generate'));
    core.createLink(new core.Fd(load(loadPlain(context, 'pass'))), ifindex('live'), 'native');
    const sender = ifindex('live');
    const receiver = ifindex('livep');
    const send = (data, repeat) => core.liveFrames(generator, { data, ingressIfindex: sender, repeat });
    const subjects = {};
    for (const [name, fd, data] of candidates) {
      requireDrop(core, fd, data, name);
      subjects[name] = () => {
        const link = core.createLink(new core.Fd(fd), receiver, 'native');
        try {
          send(data, FRAMES / 10);
          const before = received();
          const started = process.hrtime.bigint();
          send(data, FRAMES);
          const seconds = Number(process.hrtime.bigint() - started) / 1e9;
          return (received() - before) / seconds / 1e6;
        } finally {
          link[Symbol.dispose]();
        }
      };
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

/** Frames that the receiving end has taken in; /proc/net is that of this namespace. */
function received() {
  const line = readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .find((one) => one.trim().startsWith('livep:'));
  return Number(line.split(':')[1].trim().split(/\s+/)[1]);
}
