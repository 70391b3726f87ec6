// A host with something of everything, for what is made of a snapshot.
import type { Snapshot } from '../../src/metrics/exposition.js';

export function exampleSnapshot(): Snapshot {
  const time = '2026-01-01T00:00:00.000Z';
  return {
    version: '1.2.3',
    status: {
      apiVersion: 'xdpkeep/v1',
      kind: 'Status',
      host: 'edge-1',
      time,
      generation: 3,
      conditions: [{ type: 'Ready', status: 'True', reason: 'InSync', message: 'all is well', since: time }],
      connections: {
        tables: [
          {
            name: 'opened',
            capacity: 1000,
            known: 3,
            over: 2,
            states: { flowing: 2, answered: 1 },
            longestSilent: 60,
            recorded: { flows: 9, revived: 1, forgotten: 4 },
          },
          { name: 'served', capacity: 1000, known: 0, over: 0, states: {} },
        ],
        pressure: 'none',
      },
      interfaces: [
        {
          name: 'ens5',
          condition: 'Ready',
          reason: 'runs what is wanted',
          packets: { seen: 10, seenBytes: 1000, dropped: 4, droppedBytes: 400 },
          xdp: [],
          foreign: [],
          tc: [],
        },
      ],
      others: [],
      warnings: [],
    },
    rules: {
      apiVersion: 'xdpkeep/v1',
      kind: 'Rules',
      interfaces: [
        {
          name: 'ens5',
          policy: 'edge',
          mode: 'enforce',
          rules: [
            {
              name: 'no-ping',
              packets: 4,
              bytes: 400,
              action: 'drop',
              drops: true,
              at: 'policies/edge.yaml:5:5',
            },
          ],
        },
      ],
    },
    journal: { bytes: 1234, records: 6, heals: 1, undone: 0, failed: 0 },
    pass: { finished: 1_767_225_600, seconds: 0.25, exitCode: 0, succeeded: 1_767_225_600 },
  };
}
