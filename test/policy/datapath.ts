// The firewall in the kernel, loaded but attached to nothing, and what it says of a frame beside the reference.
import { readFileSync } from 'node:fs';
import type { BpfObject } from '../../src/kernel/object.js';
import { loadFirewall } from '../../src/kernel/firewall.js';
import { askFirewall } from '../../src/kernel/question.js';
import type { Policy, Protection, Verdict } from '../../src/model/policy.js';
import type { FirewallTables, SetBytes } from '../../src/model/tables.js';
import { SetMaps } from '../../src/prove/sets.js';
import { bindTables, compilePolicy } from '../../src/policy/compile.js';

const VERDICTS: (Verdict | 'aborted')[] = ['aborted', 'drop', 'pass', 'tx', 'redirect'];

/** The program as it ships. */
export function firewallObject(): Buffer {
  return readFileSync('dist/bpf/firewall.bpf.o');
}

export interface Answered {
  verdict: Verdict | 'aborted' | undefined;
  row: string | undefined;
}

/** Row names are given slots in their order; every redirect target is the loopback. */
export function bindForTest(tables: FirewallTables, sets: SetBytes[] = []): FirewallTables {
  const names = [...new Set(tables.owners.map(({ row }) => row))];
  const targets = tables.owners.flatMap((owner) => (owner.interface === undefined ? [] : [owner.interface]));
  return bindTables(tables, {
    slots: new Map(names.map((name, slot) => [name, slot])),
    ifindexes: new Map(targets.map((name) => [name, 1])),
    sets,
    taiOffset: 0,
  });
}

export class Datapath implements Disposable {
  readonly #object: BpfObject;
  readonly #tables: FirewallTables;

  constructor(policy: Policy, protections: Protection[] = []) {
    const tables = compilePolicy(policy, protections);
    using setMaps = new SetMaps(); // the program keeps them
    const sets = setMaps.open(tables.sets);
    this.#tables = bindForTest(tables, sets);
    this.#object = loadFirewall(firewallObject(), this.#tables, { sets });
  }

  get program(): number {
    return this.#object.programFd();
  }

  ask(frame: Uint8Array): Answered {
    const { verdict, record } = askFirewall(this.program, frame);
    return { verdict: VERDICTS[verdict], row: this.#tables.owners[record]?.row };
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }
}
