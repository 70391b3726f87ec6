// This build beside another one: a git revision, built in a worktree of its own and measured in turn with this one; or the
// numbers of an earlier comparison (--json FILE), held against this run by what a bare node and an empty program cost in
// each. What is more than a tenth worse, by the least and by the median of the rounds, is a regression.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from './commands.mjs';
import { compileProgram } from './core.mjs';
import { printSections } from './document.mjs';
import { describeMachine } from './machine.mjs';
import { median } from './statistics.mjs';
import { makeSuite } from './suite.mjs';

const root = new URL('../..', import.meta.url).pathname;
const ROUNDS = 7;
/** Above it is a regression. */
const LIMIT = 1.1;

/** True when nothing has become worse. */
export async function compareWith(base, { core, work, step }, flags) {
  const context = { core, work, lookup: compileProgram(work, 'lookup') };
  const rounds = flags.quick ? 1 : ROUNDS;
  if (base.endsWith('.json')) {
    const saved = JSON.parse(readFileSync(base, 'utf8'));
    const [now] = await step('this build', () => measureTrees(context, [bundle], rounds, flags.quick));
    return report(judgeRegressions(normalize(saved.numbers), normalize(now)), now, flags);
  }
  const tree = await step(`building ${base}`, () => buildRevision(base));
  try {
    const trees = [tree.bundle, bundle];
    const [then, now] = await step('both', () => measureTrees(context, trees, rounds, flags.quick));
    return report(judgeRegressions(then, now), now, flags);
  } finally {
    tree.remove();
  }
}

/** The same node packages as this tree: what is compared is xdpkeep. */
function buildRevision(revision) {
  const folder = mkdtempSync(join(tmpdir(), 'xdpkeep-base-'));
  const git = (...args) => execFileSync('git', ['-C', root, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const remove = () => {
    process.off('exit', remove);
    try {
      git('worktree', 'remove', '--force', folder);
    } catch {
      // it was never made: the revision is none
    }
    rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', remove); // also after a signal
  try {
    git('worktree', 'add', '--detach', folder, revision);
    if (!existsSync(join(folder, 'node_modules')))
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    execFileSync(process.execPath, ['scripts/build.mjs'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return { bundle: join(folder, 'dist/xdpkeep.js'), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** For each tree metric -> values of the rounds; in every round each metric is measured of all trees in turn. */
async function measureTrees(context, bundles, rounds, quick) {
  const suites = [];
  try {
    for (const [at, program] of bundles.entries())
      suites.push(await makeSuite(context, `${at}`, program, quick === true));
    const found = suites.map(({ metrics }) =>
      Object.fromEntries(Object.keys(metrics).map((name) => [name, []])),
    );
    for (let round = 1; round <= rounds; round++) {
      for (const name of Object.keys(suites[0].metrics)) {
        const turn = [...suites.entries()];
        if (round % 2 === 0) turn.reverse(); // whoever comes first finds colder caches
        for (const [at, { metrics }] of turn) found[at][name].push(await metrics[name](round));
      }
    }
    return found;
  } finally {
    for (const suite of suites) suite.dispose();
  }
}

/** Rows `{ name, then, now, ratio, worse }` of the least of the rounds; metrics that only one of them has are left out. */
export function judgeRegressions(then, now) {
  return Object.keys(now)
    .filter((name) => then[name] !== undefined && !YARDSTICKS.has(name))
    .map((name) => {
      const least = [then, now].map((all) => Math.min(...all[name]));
      const middle = [then, now].map((all) => median(all[name]));
      const ratio = least[1] / least[0];
      return {
        name,
        then: least[0],
        now: least[1],
        ratio,
        worse: Math.min(ratio, middle[1] / middle[0]) > LIMIT,
      };
    });
}

/** What does not depend on xdpkeep: the machine of then and of now. */
const YARDSTICKS = new Set(['node -e 0, ms', 'floor, ns']);

/** Numbers of different runs, as multiples of the yardstick with the same unit. */
export function normalize(numbers) {
  const yardsticks = Object.fromEntries(
    [...YARDSTICKS].map((name) => [unit(name), Math.min(...numbers[name])]),
  );
  return Object.fromEntries(
    Object.entries(numbers).map(([name, values]) => [
      name,
      values.map((value) => value / yardsticks[unit(name)]),
    ]),
  );
}

function unit(name) {
  return name.split(', ').at(-1);
}

function report(rows, numbers, flags) {
  if (flags.json) writeFileSync(flags.json, JSON.stringify({ machine: describeMachine(), numbers }, null, 1));
  const text = (value) => value.toFixed(value < 100 ? 1 : 0);
  printSections([
    {
      title: 'Compared, least of the rounds',
      table: [
        ['what', 'base', 'this', 'ratio', ''],
        ...rows.map(({ name, then, now, ratio, worse }) => {
          return [name, text(then), text(now), ratio.toFixed(2), worse ? 'REGRESSION' : ''];
        }),
      ],
    },
  ]);
  return rows.every(({ worse }) => !worse);
}
