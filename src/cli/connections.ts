// `xdpkeep connections` and `connections remove`: what this host knows of its connections, and how some of it is forgotten.
import { unmapped } from '../addresses/mapped.js';
import { parseCidr } from '../addresses/parse.js';
import { readConnectionsReport } from '../inspect/connections.js';
import type { FlowFilter, FlowState } from '../model/connection-table.js';
import { EXIT, UsageError } from '../model/errors.js';
import { PROTOCOLS } from '../model/names.js';
import { forgetConnections } from '../operate/connections.js';
import { renderConnections, renderRemoved } from '../report/connections.js';
import { json, painter, printable } from '../report/style.js';
import { suggest } from '../text/suggest.js';
import { operatorName } from './operator-name.js';
import type { CommonOptions } from './options.js';
import type { CommandResult } from './result.js';

/** As they are written. */
export interface FilterFlags {
  address?: string;
  port?: string;
  protocol?: string;
  flowState?: FlowState;
}

interface ListFlags extends CommonOptions, FilterFlags {
  limit?: number;
  skip?: number;
}

interface RemoveFlags extends ListFlags {
  dryRun?: boolean;
  acceptLockout?: boolean;
}

const LIMIT = 20;

export function runConnections(name: string | undefined, options: ListFlags): CommandResult {
  const found = readConnectionsReport(options, {
    filter: readFilter(options),
    page: { skip: options.skip ?? 0, limit: options.limit ?? LIMIT },
    ...(name !== undefined && { interface: name }),
  });
  const out = options.output === 'json' ? json(found) : renderConnections(found, painter(options.color));
  return { exitCode: EXIT.ok, out };
}

export async function runForgetConnections(options: RemoveFlags): Promise<CommandResult> {
  const { dryRun = false, acceptLockout = false, limit, skip } = options;
  const filter = readFilter(options);
  if (Object.keys(filter).length === 0) {
    throw new UsageError('connections remove needs a filter', {
      hint: 'Name at least one of --address, --port, --protocol and --flow-state; what a filter means, `xdpkeep connections` shows.',
    });
  }
  if (limit !== undefined || skip !== undefined) {
    throw new UsageError('connections remove has no pages: it removes all that the filter means', {
      hint: 'Leave --limit and --skip out, and name a narrower filter.',
    });
  }
  const removed = await forgetConnections(options, { filter, by: operatorName(), dryRun, acceptLockout });
  if (options.output === 'json') return { exitCode: EXIT.ok, out: json(removed) };
  const err = removed.warnings.map((warning) => printable(`warning: ${warning}\n`)).join('');
  return { exitCode: EXIT.ok, out: renderRemoved(removed), err };
}

function readFilter({ address, port, protocol, flowState }: FilterFlags): FlowFilter {
  return {
    ...(address !== undefined && { address: readAddress(address) }),
    ...(port !== undefined && { port: readPort(port) }),
    ...(protocol !== undefined && { protocol: readProtocol(protocol) }),
    ...(flowState !== undefined && { state: flowState }),
  };
}

function readAddress(text: string): NonNullable<FlowFilter['address']> {
  const network = parseCidr(text);
  if (!('message' in network)) return unmapped(network) ?? network;
  throw new UsageError(
    `--address ${network.message}`,
    network.hint === undefined ? {} : { hint: network.hint },
  );
}

function readPort(text: string): readonly [number, number] {
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [low, high] = [Number(first), Number(last)];
  if (first !== '' && low <= high && high <= 65_535) return [low, high];
  throw new UsageError(`--port ${JSON.stringify(text)} is no port and no range of ports`, {
    hint: 'Write it like 443 or 1000-2000, the lower one first, at most 65535.',
  });
}

function readProtocol(text: string): number {
  const named = new Map<string, number>(Object.entries(PROTOCOLS)).get(text);
  const number = /^\d{1,3}$/.test(text) ? Number(text) : undefined;
  if (named !== undefined) return named;
  if (number !== undefined && number <= 255) return number;
  const meant = suggest(text, Object.keys(PROTOCOLS));
  throw new UsageError(`--protocol ${JSON.stringify(text)} is no IP protocol`, {
    hint: meant === undefined ? 'Name one like tcp, udp or icmp, or its number.' : `Did you mean ${meant}?`,
  });
}
