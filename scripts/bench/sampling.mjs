// What it costs to be looked at: the throughput of one rule while its packets are sampled or watched, and what `top` itself
// takes of a core.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundle } from './commands.mjs';
import { lastRulePacket, singleField } from './policies.mjs';
import { interleave, median } from './statistics.mjs';
import { loadPolicy } from './subjects.mjs';
import { makeLine } from './throughput.mjs';

const ROUNDS = 9;
const TOP_SECONDS = 20;
const TICKS = 100; // sysconf(_SC_CLK_TCK)
const ALL_VERDICTS = [0, 1, 2, 3, 4];

/**
 * Rows `{ name, best, median, ratio, isPromised }` in million/s; the ratio is of the bests, to the first row, and a target
 * where it is promised: who watches, pays.
 */
export function measureSampling(context) {
  const { core } = context;
  const loaded = [];
  const keep = (object) => {
    loaded.push(object);
    return object;
  };
  const measure = makeLine(context, 'smpl', (object) => keep(object).programFd());
  const rings = [];
  const make = (log) => {
    const wanted = singleField(1);
    if (log) wanted.rules[0].log = log;
    const object = keep(loadPolicy(context, wanted, 'firewall'));
    rings.push(new core.RingReader(new core.Fd(object.mapFd(core.SAMPLES))));
    return object;
  };
  const watched = make();
  const nothing = core.makeTap({ protocol: [{ from: 17, to: 17 }] }, ALL_VERDICTS);
  core.writeEntry(watched.mapFd(core.TAP_SECTION), core.TAP, 0, core.tapUntil(nothing, 2n ** 62n));
  const hit = core.buildPacket(lastRulePacket(singleField(1)));
  const broken = core.buildPacket({ protocol: 6 }).subarray(0, 30);
  const plain = make();
  const candidates = {
    'one rule': [plain, hit],
    'sampled, one in 1,000': [make({ oneIn: 1000 }), hit],
    'watched, nothing matches': [watched, hit],
    'malformed frames, sampled': [plain, broken],
  };
  const subjects = Object.fromEntries(
    Object.entries(candidates).map(([name, [object, data]]) => [
      name,
      () => {
        const rate = measure(object.programFd(), data);
        for (const ring of rings) ring.take();
        return rate;
      },
    ]),
  );
  try {
    const rates = interleave(ROUNDS, subjects);
    const base = Math.max(...rates['one rule']);
    return Object.entries(rates).map(([name, all]) => {
      const best = Math.max(...all);
      return { name, best, median: median(all), ratio: best / base, isPromised: name.includes('sampled') };
    });
  } finally {
    for (const ring of rings) ring[Symbol.dispose]();
    for (const object of loaded) object[Symbol.dispose]();
  }
}

/** Per cent of a core that `top` takes in a terminal of 80 by 24; the 1,000 rules of the step before are attached. */
export async function measureTop(work) {
  const pidFile = join(work, 'top.pid');
  const command = `stty cols 80 rows 24; echo $$ > ${pidFile}; exec ${process.execPath} ${bundle} top --data-dir ${join(work, 'change1000.data')}`;
  const child = spawn('script', ['-qfc', command, '/dev/null'], {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { ...process.env, TERM: 'xterm', LC_ALL: 'C.UTF-8' },
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  try {
    while (!existsSync(pidFile)) await sleep(50);
    const pid = readFileSync(pidFile, 'utf8').trim();
    await sleep(4000);
    const before = ticks(pid);
    await sleep(TOP_SECONDS * 1000);
    return ((ticks(pid) - before) / TICKS / TOP_SECONDS) * 100;
  } finally {
    child.stdin.end('q');
    await ended;
  }
}

/** Of the processor, in user and kernel mode: proc_pid_stat(5). */
function ticks(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
