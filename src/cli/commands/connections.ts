// Commands about the connections of the host.
import { type Command, Option } from 'commander';
import { FLOW_STATES } from '../../model/connection-table.js';
import { acceptLockout } from '../change-flags.js';
import type { FilterFlags } from '../connections.js';
import { readCommon } from '../options.js';
import { command, type Flags, type Keep } from './command.js';
import { positive, upTo } from './numbers.js';

/** Flows of one page, at most: it is held in memory. */
const LARGEST_PAGE = 10_000;

export function addConnections(program: Command, keep: Keep): void {
  const connections = command(
    program,
    'connections [interface]',
    'what this host knows of its connections; with an interface, by the rule that decides there',
  )
    .option('--address <cidr>', 'only those with an end in this network')
    .option('--port <port>', 'only those with an end at this port, or in this range: 1000-2000')
    .option('--protocol <protocol>', 'only those of this protocol: tcp, udp, icmp, 47')
    .addOption(new Option('--flow-state <state>', 'only those in this state').choices(FLOW_STATES))
    .option('--limit <number>', 'connections to show, at most 10000 (default: 20)', upTo(LARGEST_PAGE))
    .option('--skip <number>', 'leave so many out before them', positive)
    .action(async (name: string | undefined, _flags: Flags, self: Command) => {
      const { runConnections } = await import('../connections.js');
      keep(runConnections(name, { ...self.opts(), ...readCommon(self) }));
    });
  command(
    connections,
    'remove',
    'forget connections that --address, --port, --protocol and --flow-state mean',
  )
    .option('--dry-run', 'say how many, and remove none')
    .addOption(acceptLockout())
    .action(async (_flags: Flags, self: Command) => {
      const { runForgetConnections } = await import('../connections.js');
      keep(await runForgetConnections({ ...self.optsWithGlobals<FilterFlags>(), ...readCommon(self) }));
    });
}
