// Policies for the scenarios, and what they count.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Counters } from '../../src/model/counters.js';
import type { Lab } from '../lab.js';
import { document, hostFile } from './host.js';

/** What stands in a policy file beside its name, as YAML says it. */
export interface Written {
  [setting: string]: unknown;
  rules?: object[];
  tests?: object[];
}

/** One field a line: JSON is YAML. */
export function policyFile(name: string, policy: Written): string {
  return JSON.stringify({ apiVersion: 'xdpkeep/v1', kind: 'Policy', name, ...policy }, undefined, 1);
}

/** Writes a policy that veth0 is to run natively. */
export function writePolicy(lab: Lab, policy: Written, protect: object[] = []): void {
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', policy),
    'hosts/lab.yaml':
      hostFile({ veth0: 'mode: native, policy: edge' }) + `protect: ${JSON.stringify(protect)}\n`,
  });
}

/** The Host file that is there asks conntrack as well, and has no grace window. */
export function fromConntrack(lab: Lab): void {
  appendFileSync(join(lab.state, 'hosts/lab.yaml'), 'connections: {from: conntrack, grace: 0s}\n');
}

/** On the host whose file is there nothing in its middle comes in by the grace window. */
export function withoutGrace(lab: Lab): void {
  appendFileSync(join(lab.state, 'hosts/lab.yaml'), 'connections: {grace: 0s}\n');
}

/** Packets that each row of an interface has counted. */
export async function counts(lab: Lab, name = 'veth0'): Promise<Record<string, number>> {
  const { interfaces } = document<Counters>(await lab.run(['counters', '--output', 'json']), 0);
  const found = interfaces.find((one) => one.name === name);
  if (!found) throw new Error(`nothing counts at ${name}`);
  return Object.fromEntries(found.rules.map((row) => [row.name, row.packets]));
}
