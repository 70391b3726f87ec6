// What is compared between two builds: only what can be asked from outside of any build, through its command line and the
// programs that it has attached.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  makeBpffs,
  milliseconds,
  reconcileCommand,
  untilChanged,
  untilTrue,
  writePieces,
  writeState,
} from './commands.mjs';
import { addMany, policyFile } from './interfaces.mjs';
import { Asker } from './lookup.mjs';
import { mixed, toStateFile } from './policies.mjs';
import { List } from './scale-lists.mjs';
import { ip } from './subjects.mjs';

/** `{ metrics, dispose }`: each metric is a function of the round that gives its number; the name ends with the unit. */
export async function makeSuite(context, tag, program, quick) {
  const size = quick ? { many: 2, rules: 20, entries: 200 } : { many: 20, rules: 1000, entries: 100_000 };
  const sides = [];
  const side = (name, devices, policy) => {
    const made = makeSide(context, program, `${name}${tag}`, devices, policy);
    sides.push(made);
    return made;
  };
  const many = side('many', size.many, policyFile('p', 0));
  const ruled = side('rules', 1, toStateFile(changed(size.rules, 0)));
  ruled.first();
  const list = new List({ family: 4, count: size.entries });
  const listed = side('list', 1, policyOfList);
  const file = join(context.work, listed.state, 'lists/bench.txt');
  writePieces(file, list.lines());
  listed.first();

  const asker = new Asker(context, 4);
  asker.bring(list, true);
  const asked = listed.withProgram((fd) => asker.around(fd));
  const last = ruled.withProgram((fd) => asker.around(fd));
  const metrics = {
    'node -e 0, ms': () => milliseconds(process.execPath, '-e', '0'),
    'floor, ns': () => asker.run(asker.floor),
    'xdpkeep --version, ms': () => milliseconds(process.execPath, program, '--version'),
    [`no-op, ${size.many} interfaces, ms`]: () => many.alone(() => milliseconds(...many.reconcile)),
    [`first pass, ${size.many} interfaces, ms`]: () => many.alone((first) => first),
    [`one rule of ${size.rules} changed, ms`]: async (round) => {
      ruled.write('policies/p.yaml', toStateFile(changed(size.rules, round)));
      return (await untilChanged(ruled.programId, ...ruled.reconcile)).changed;
    },
    [`list of ${size.entries} entries changed, ms`]: async (round) => {
      writePieces(file, list.lines(round));
      return (await untilTrue(() => false, ...listed.reconcile)).ended;
    },
    [`no-op, list of ${size.entries} entries, ms`]: () => milliseconds(...listed.reconcile),
    [`packet, ${size.rules} rules, ns`]: () => asker.run(last),
    [`packet, list of ${size.entries} entries, ns`]: () => asker.run(asked),
  };
  const dispose = () => {
    asker.dispose();
    for (const one of sides) one.dispose();
  };
  return { metrics, dispose };
}

const policyOfList = JSON.stringify({
  apiVersion: 'xdpkeep/v1',
  kind: 'Policy',
  name: 'p',
  rules: [{ name: 'listed', match: { source: { list: 'bench' } }, action: 'drop' }],
});

/** The rule in the middle asks for another port in each round. */
function changed(rules, round) {
  const wanted = { ...mixed(rules), name: 'p' };
  wanted.rules[rules >> 1].match.destinationPort = [{ from: 1000 + round, to: 1000 + round }];
  return wanted;
}

/** Interfaces with one policy, in a state and on a bpffs of their own. */
function makeSide({ core, work }, program, state, number, policy) {
  const bpffs = makeBpffs(state);
  const devices = addMany(work, `${state}-`, number);
  const interfaces = Object.fromEntries(devices.map((name) => [name, { mode: 'native', policy: 'p' }]));
  const files = { 'policies/p.yaml': policy, 'lists/bench.txt': '' };
  writeState(work, state, interfaces, files);
  const reconcile = reconcileCommand(work, state, { program, bpffs });
  const pin = core.pinPathsOf(bpffs).link(devices[0]);
  const forget = () => {
    rmSync(join(bpffs, 'xdpkeep'), { recursive: true, force: true });
    rmSync(join(work, `${state}.data`), { recursive: true, force: true });
  };
  const first = () => {
    const took = milliseconds(...reconcile);
    if (!existsSync(pin)) throw new Error(`${state}: nothing is attached`);
    return took;
  };
  const link = () => core.openPin(pin);
  const using = (fd, use) => {
    try {
      return use(fd);
    } finally {
      fd[Symbol.dispose]();
    }
  };
  const programId = () => using(link(), (fd) => core.linkInfo(fd).programId);
  return {
    state,
    reconcile,
    first,
    /**
     * `use(first)` gets what the first pass took, and nothing stays attached: the kernel has a fast path for 48 programs,
     * getting a place there takes twenty times as long as finding none free, and the other build needs the same chance.
     */
    alone(use) {
      const found = use(first());
      forget();
      return found;
    },
    programId,
    withProgram: (use) => using(core.openProgram(programId()), ({ number: fd }) => use(fd)),
    write: (path, text) => writePieces(join(work, state, path), [text]),
    dispose() {
      rmSync(bpffs, { recursive: true, force: true });
      for (const device of devices) ip('link', 'del', device);
    },
  };
}
