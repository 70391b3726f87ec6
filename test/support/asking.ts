// A policy that asks about connections, and what commands answer where it runs.
import type { Connections } from '../../src/model/connection-table.js';
import type { Lab } from '../lab.js';
import { document } from './host.js';

export const ASKING = {
  default: 'drop',
  rules: [
    { name: 'ssh', match: { connection: 'new', protocol: 'tcp', destinationPort: 7022 }, action: 'pass' },
    { name: 'pongs', match: { protocol: 'icmp', connection: 'established' }, action: 'pass' },
    {
      name: 'answers',
      match: { connection: ['established', 'related'] },
      action: 'pass',
      log: { oneIn: 1 },
    },
    { name: 'strangers', match: { connection: ['new', 'invalid'] }, action: 'drop', log: { oneIn: 1 } },
  ],
};

export async function askJson<T>(lab: Lab, ...args: string[]): Promise<T> {
  return document<T>(await lab.run([...args, '--output', 'json']), 0);
}

export function listConnections(lab: Lab, ...args: string[]): Promise<Connections> {
  return askJson(lab, 'connections', ...args);
}
