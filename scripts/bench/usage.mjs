// What may be asked of the benchmarks. Refused before anything is measured: what there is not, in words and with exit 64.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CASES, INTERFACES } from './scale-lists.mjs';

const root = new URL('../..', import.meta.url).pathname;

const names = [...CASES.map(({ name }) => name), INTERFACES];

const BENCHMARKS = ['connections', 'scale'];

const USAGE = `usage: npm run bench -- [connections | scale [CASE...] | --compare BASE] [options]

without a name    start-up, the cost of a packet, throughput, how fast a change arrives
connections       what connections cost, alone
scale [CASE...]   long lists beside other programs, and many interfaces; all cases, or some of
                  ${names.map((name) => (name.includes(' ') ? `"${name}"` : name)).join(', ')}
--compare BASE    this build beside a git revision, or beside the FILE.json of an earlier comparison:
                  what is more than 10 % worse is a regression

--json FILE       keep the numbers; of scale, beside those that are in it already
--write           renew docs/benchmarks.md, or of scale docs/benchmarks-scale.md
--no-fail         end with 0 though a target is missed or something became worse
--quick           one round of next to nothing: does it run?
--help            this
`;

const OPTIONS = {
  write: { type: 'boolean' },
  'no-fail': { type: 'boolean' },
  quick: { type: 'boolean' },
  json: { type: 'string' },
  compare: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
};

/** `{ flags, what, cases }`. Ends the process where there is nothing to measure. */
export function readArguments(args) {
  try {
    const { values: flags, positionals } = parseArgs({ args, allowPositionals: true, options: OPTIONS });
    const [what, ...cases] = positionals;
    if (flags.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    refuse(what !== undefined && !BENCHMARKS.includes(what), `there is no benchmark ${what}`);
    refuse(
      what !== undefined && flags.compare !== undefined,
      '--compare measures what it measures: name nothing beside it',
    );
    refuse(
      what === 'connections' && (flags.write === true || flags.json !== undefined),
      'connections prints its numbers: a whole run keeps them',
    );
    const unknown = cases.filter((name) => what !== 'scale' || !names.includes(name));
    refuse(unknown.length > 0, `no such case: ${unknown.join(', ')}`);
    if (flags.compare !== undefined)
      refuse(!isBase(flags.compare), `no such revision or file: ${flags.compare}`);
    return { flags, what, cases };
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exit(64);
  }
}

function refuse(isWrong, message) {
  if (isWrong) throw new Error(message);
}

function isBase(base) {
  if (base.endsWith('.json')) return existsSync(base);
  try {
    execFileSync(
      'git',
      ['-C', root, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${base}^{commit}`],
      {
        stdio: 'ignore',
      },
    );
    return true;
  } catch {
    return false;
  }
}
