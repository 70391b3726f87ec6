// Measures what the project promises: start-up, the cost of a packet, throughput, and how fast a change arrives; `scale`:
// long lists and many interfaces; --compare BASE: this build beside another one. Prints every target with its number and
// ends with 1 when one is missed (unless --no-fail); --write renews the documents. To be run by bench.sh, in network and
// mount namespaces of its own that end with it.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { measureChanges, measureCompile } from './bench/change.mjs';
import { measureConnections } from './bench/connections.mjs';
import { makeCore, compileProgram } from './bench/core.mjs';
import { compareWith } from './bench/compare.mjs';
import { measureCost } from './bench/cost.mjs';
import { printSections, targetSection } from './bench/document.mjs';
import { describeMachine } from './bench/machine.mjs';
import { connectionSection, printResults, writeReport } from './bench/report.mjs';
import { measureSampling, measureTop } from './bench/sampling.mjs';
import { runScale } from './bench/scale-run.mjs';
import { measureStartup } from './bench/startup.mjs';
import { loadXdpFilter } from './bench/subjects.mjs';
import { connectionTargets, judge } from './bench/targets.mjs';
import { measureThroughput } from './bench/throughput.mjs';
import { readArguments } from './bench/usage.mjs';

const { flags, what, cases } = readArguments(process.argv.slice(2));

/** Inside the repository, so that what is bundled there finds the npm packages. */
const dist = new URL('../dist/', import.meta.url).pathname;
mkdirSync(dist, { recursive: true });
const work = mkdtempSync(join(dist, '.bench-'));
const removeWork = () => rmSync(work, { recursive: true, force: true });
process.on('exit', removeWork);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

async function step(name, measure) {
  const started = performance.now();
  process.stderr.write(`${name} ...`);
  const result = await measure();
  process.stderr.write(` ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
  return result;
}

const core = await makeCore(work);
let holds;
if (flags.compare !== undefined) holds = await compareWith(flags.compare, { core, work, step }, flags);
else if (what === 'connections') holds = await runConnections();
else if (what === 'scale') holds = await runScale({ core, work, step }, cases, flags);
else holds = await runAll();
if (!holds && !flags['no-fail']) process.exitCode = 1;

async function runAll() {
  const machine = describeMachine();
  const context = { core, datapath: compileProgram(work, 'datapath') };
  const compile = await step('compiling', () => measureCompile(core));
  const startup = await step('start-up', () => measureStartup(work));
  const changes = await step('changes', () => measureChanges(core, work));
  const top = await step('top', () => measureTop(work));
  const xdpFilter = loadXdpFilter(context);
  const cost = await step('cost of a packet', () => measureCost(context, xdpFilter));
  const connections = await step('connections', () => measureConnections(core, work));
  const sampling = await step('sampling', () => measureSampling(context));
  const throughput = await step('throughput', () => measureThroughput(context, xdpFilter));
  const results = {
    machine,
    compile,
    startup,
    changes,
    xdpFilter,
    cost,
    connections,
    sampling,
    top,
    throughput,
  };
  const targets = judge(results);
  printResults(results, targets);
  if (flags.write) writeReport(results, targets);
  return targets.every((target) => target.holds);
}

async function runConnections() {
  const connections = await step('connections', () => measureConnections(core, work, flags.quick));
  const targets = connectionTargets(connections);
  console.log(`load ${describeMachine().load}`);
  printSections([targetSection(targets), connectionSection(connections)]);
  return targets.every((target) => target.holds);
}
