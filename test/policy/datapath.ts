// The firewall in the kernel, loaded but attached to nothing, and what it says of a frame beside the reference.
// needs: lab
import type { BpfObject } from '../../src/kernel/object.js';
import { createBlockMap, fillBlockMap } from '../../src/kernel/blocks.js';
import { loadPolicy } from '../../src/kernel/load-policy.js';
import { type About, askPolicy } from '../../src/kernel/ask-policy.js';
import { readCounter } from '../../src/kernel/counters.js';
import { testRun } from '../../src/kernel/testrun.js';
import type { BlockEntry } from '../../src/model/blocks.js';
import { readBuiltin, readFirewall } from '../../src/desired/programs/builtins.js';
import type { Policy, Protection, Verdict } from '../../src/model/policy.js';
import { FATES } from '../../src/model/sample.js';
import type { FirewallTables, SetBytes } from '../../src/model/tables.js';
import { SetMaps } from '../../src/prove/sets.js';
import { bindTables, compilePolicy } from '../../src/policy/compile/compile.js';

const VERDICTS: (Verdict | 'aborted')[] = [...FATES];

/** The program as it ships. */
export function firewallObject(policy?: Policy): Uint8Array {
  return policy ? readFirewall(policy).bytes : readBuiltin('firewall').bytes;
}

export interface Answered {
  verdict: Verdict | 'aborted' | undefined;
  row: string | undefined;
}

/** Row names are given slots in their order; every redirect target is the loopback. */
export function bindForTest(
  tables: FirewallTables,
  sets: SetBytes[] = [],
  blocks = false,
  frags = false,
  noEthernet = false,
): FirewallTables {
  const names = [...new Set(tables.owners.map(({ row }) => row))];
  const targets = tables.owners.flatMap((owner) => (owner.interface === undefined ? [] : [owner.interface]));
  return bindTables(tables, {
    blocks,
    frames: { frags, noEthernet },
    slots: new Map(names.map((name, slot) => [name, slot])),
    ifindexes: new Map(targets.map((name) => [name, 1])),
    sets,
    taiOffset: 0,
  });
}

export class Datapath implements Disposable {
  readonly #object: BpfObject;
  readonly #tables: FirewallTables;

  /** With `blocks`, questions may be about those too; with `frags`, frames come in several buffers; with `noEthernet`, packets begin with the IP header. */
  constructor(
    policy: Policy,
    protections: Protection[] = [],
    blocks?: BlockEntry[],
    frags = false,
    noEthernet = false,
  ) {
    const tables = compilePolicy(policy, protections);
    using setMaps = new SetMaps(); // the program keeps them
    const sets = setMaps.open(tables.sets);
    this.#tables = bindForTest(tables, sets, blocks !== undefined, frags, noEthernet);
    using map = blocks && createBlockMap();
    if (map) fillBlockMap(map, blocks);
    this.#object = loadPolicy(firewallObject(policy), this.#tables, { sets, ...(map && { blocks: map }) });
  }

  get program(): number {
    return this.#object.programFd();
  }

  ask(frame: Uint8Array, about: About = {}): Answered {
    const { verdict, record } = askPolicy(this.program, frame, about);
    return { verdict: VERDICTS[verdict], row: this.#tables.owners[record]?.row };
  }

  /** As packets do, `repeat` times in a row: counted, and taken from buckets. The verdict of the last. */
  run(frame: Uint8Array, repeat = 1): Answered['verdict'] {
    return VERDICTS[testRun(this.program, { data: frame, repeat }).verdict];
  }

  /** What a row has counted. */
  counted(row: string): { packets: number; bytes: number } {
    const names = [...new Set(this.#tables.owners.map((owner) => owner.row))];
    const { packets, bytes } = readCounter(this.#object.mapFd('counters'), names.indexOf(row));
    return { packets: Number(packets), bytes: Number(bytes) };
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }
}
