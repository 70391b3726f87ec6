// The firewall in the kernel, loaded but attached to nothing, and what it says of a frame beside the reference.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BpfObject } from '../../src/kernel/object.js';
import { loadFirewall } from '../../src/kernel/firewall.js';
import { askFirewall } from '../../src/kernel/question.js';
import type { Policy, Protection, Verdict } from '../../src/model/policy.js';
import type { FirewallTables } from '../../src/model/tables.js';
import { bindTables, compilePolicy } from '../../src/policy/compile.js';

const VERDICTS: (Verdict | 'aborted')[] = ['aborted', 'drop', 'pass', 'tx', 'redirect'];

let compiled: Buffer | undefined;

/** bpf/firewall.bpf.c, compiled from this tree. */
export function firewallObject(): Buffer {
  if (compiled) return compiled;
  const directory = mkdtempSync(join(tmpdir(), 'xdpkeep-firewall-'));
  try {
    const output = join(directory, 'firewall.bpf.o');
    const triplet = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim();
    const flags = [
      '-O2',
      '-g',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-target',
      'bpf',
      '-mcpu=v3',
      `-I/usr/include/${triplet}`,
    ];
    execFileSync('clang', [...flags, '-Ibpf', '-c', 'bpf/firewall.bpf.c', '-o', output], { stdio: 'pipe' });
    return (compiled = readFileSync(output));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export interface Answered {
  verdict: Verdict | 'aborted' | undefined;
  row: string | undefined;
}

/** Row names are given slots in their order; every redirect target is the loopback. */
export function bindForTest(tables: FirewallTables): FirewallTables {
  const names = [...new Set(tables.owners.map(({ row }) => row))];
  const targets = tables.owners.flatMap((owner) => (owner.interface === undefined ? [] : [owner.interface]));
  return bindTables(tables, {
    slots: new Map(names.map((name, slot) => [name, slot])),
    ifindexes: new Map(targets.map((name) => [name, 1])),
    taiOffset: 0,
  });
}

export class Datapath implements Disposable {
  readonly #object: BpfObject;
  readonly #tables: FirewallTables;

  constructor(policy: Policy, protections: Protection[] = []) {
    this.#tables = bindForTest(compilePolicy(policy, protections));
    this.#object = loadFirewall(firewallObject(), this.#tables);
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
