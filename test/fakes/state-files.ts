// A state directory with one Host file, for the host that is made up (pass.ts).
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../journal/support.js';

/** An interface `a` that drops ICMP. */
export const A = ['interfaces:', '  a: {program: {builtin: icmp-drop}}'];

export class StateFiles {
  readonly stateDir = temporaryFolder();

  constructor() {
    mkdirSync(join(this.stateDir, 'hosts'));
    this.write(...A);
  }

  /** The file of host `edge`, with these lines after its name. */
  write(...lines: string[]): void {
    const text = ['apiVersion: xdpkeep/v1', 'kind: Host', 'name: edge', ...lines, ''].join('\n');
    writeFileSync(join(this.stateDir, 'hosts/edge.yaml'), text);
  }
}
