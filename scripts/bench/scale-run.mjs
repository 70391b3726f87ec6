// `npm run bench -- scale [CASE...]`: all cases, or those that are named ("1M" "interfaces" ...). --json FILE keeps what was
// measured, beside what is there already: so the whole can be measured in parts.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describeMachine } from './machine.mjs';
import { compileProgram } from './core.mjs';
import { measureInterfaces } from './interfaces.mjs';
import { measureScale } from './scale.mjs';
import { CASES, INTERFACES } from './scale-lists.mjs';
import { printScale, writeScale } from './scale-report.mjs';
import { judgeScale } from './scale-targets.mjs';

/** True when every target that could be judged holds. */
export async function runScale({ core, work, step }, names, flags) {
  const wanted = flags.quick ? [{ ...CASES[0], name: 'quick', count: 40, rounds: 1 }] : CASES;
  const asked = names.length > 0 && !flags.quick ? names : [...wanted.map(({ name }) => name), INTERFACES];
  const context = { core, work, lookup: compileProgram(work, 'lookup') };
  const kept = flags.json && existsSync(flags.json) ? JSON.parse(readFileSync(flags.json, 'utf8')) : {};
  const results = { machine: describeMachine(), lists: kept.lists ?? [], interfaces: kept.interfaces ?? [] };
  for (const name of asked) {
    const { load } = describeMachine();
    await step(`${name} (load ${load})`, async () => {
      if (name === INTERFACES)
        results.interfaces = flags.quick ? measureInterfaces(work, [2], 1) : measureInterfaces(work);
      else {
        const rows = await measureScale(
          context,
          wanted.find((one) => one.name === name),
        );
        results.lists = [
          ...results.lists.filter(({ list }) => list !== name),
          ...rows.map((row) => ({ ...row, load })),
        ];
      }
    });
    if (flags.json) writeFileSync(flags.json, JSON.stringify(results, null, 1));
  }
  const targets = judgeScale(results);
  printScale(results, targets);
  if (flags.write) writeScale(results, targets);
  return targets.every(({ holds }) => holds);
}
