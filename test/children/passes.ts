// One process that reconciles again and again, as `--watch` does, and says in JSON lines what it holds, every tenth of
// the way: passes COUNT STATE BPFFS DATA_DIR. Needs --expose-gc.
import { readdirSync } from 'node:fs';
import { reconcile } from '../../src/pass/reconcile.js';

const [count, stateDir = '', bpffs = '', dataDir = ''] = process.argv.slice(2);
const options = { bpffs, dataDir, from: { stateDir, host: 'lab' }, change: {}, dryRun: false };
const runs = Number(count);

for (let run = 1; run <= runs; run++) {
  const { changed, exitCode } = await reconcile(options);
  if (changed || exitCode !== 0) throw new Error(`pass ${run}: changed ${changed}, exit ${exitCode}`);
  if (run % (runs / 10) === 0) console.log(JSON.stringify(await held(run)));
}

/** What a buffer holds is given back a moment after the buffer was collected. */
async function held(run: number) {
  for (let round = 0; round < 3; round++) {
    global.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { run, heapUsed, arrayBuffers, rss, descriptors: readdirSync('/proc/self/fd').length };
}
