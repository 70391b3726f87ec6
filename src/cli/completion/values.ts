// Words of this host to complete: interfaces, rules, generations. What cannot be read yields none: completion reports no
// errors.
import { existsSync } from 'node:fs';
import { listFolder } from '../../desired/folders.js';
import { listGenerations } from '../../journal/generation-list.js';
import { readBlocks } from '../../journal/blocks.js';
import { readGeneration } from '../../journal/generations.js';
import { readRows } from '../../kernel/counters.js';
import { pinPathsOf } from '../../kernel/pin-paths.js';
import { kernelName, listLinks } from '../../kernel/rtnetlink.js';
import { readOwned } from '../../observe/owned.js';
import { SCHEMA_KINDS } from '../../desired/json-schema.js';
import { PROTOCOLS } from '../../model/names.js';
import type { Candidate, Wanted } from './wanted.js';

/** How many generations are looked into for what they are: the newest. */
const DESCRIBED = 20;

const DEFAULTS = { bpffs: '/sys/fs/bpf', dataDir: '/var/lib/xdpkeep' };

type Read = (wanted: Wanted, where: Where) => Candidate[];

interface Where {
  state: string;
  dataDir: string;
  bpffs: string;
}

const VALUES: Readonly<Record<string, Read>> = {
  interface: (_wanted, where) => interfaces(where),
  map: ({ operands }, where) => mapsOf(operands[0] ?? '', where),
  generation: (_wanted, where) => generations(where),
  rule: rules,
  name: (_wanted, { state }) => listFolder(state, 'hosts').names.map(plain),
  owner: (_wanted, where) => owners(where),
  kind: () => SCHEMA_KINDS.map(plain),
  protocol: () => Object.keys(PROTOCOLS).map(plain),
};

export function valuesOnHost(name: string, wanted: Wanted): Candidate[] {
  try {
    return VALUES[name]?.(wanted, whereIs(wanted)) ?? [];
  } catch {
    return [];
  }
}

function whereIs({ said }: Wanted): Where {
  const { env } = process;
  return {
    state:
      said.get('state') ?? env['XDPKEEP_STATE'] ?? (existsSync('state') ? 'state' : '/etc/xdpkeep/state'),
    dataDir: said.get('dataDir') ?? env['XDPKEEP_DATA_DIR'] ?? DEFAULTS.dataDir,
    bpffs: said.get('bpffs') ?? env['XDPKEEP_BPFFS'] ?? DEFAULTS.bpffs,
  };
}

function plain(word: string): Candidate {
  return { word, what: '' };
}

function interfaces({ bpffs }: Where): Candidate[] {
  const ours = new Set(readOwned(bpffs).map(({ name }) => name));
  return listLinks().flatMap(({ name, altnames = [] }) => [
    { word: name, what: ours.has(name) ? 'has a program of ours' : '' },
    ...altnames.map((word) => ({ word, what: `altname of ${name}` })),
  ]);
}

function mapsOf(asked: string, { bpffs }: Where): Candidate[] {
  const name = kernelName(asked);
  const owned = readOwned(bpffs).find((one) => one.name === name);
  return [...new Set((owned?.instances ?? []).flatMap(({ maps }) => maps.map(({ name: map }) => map)))].map(
    plain,
  );
}

/** Newest first. */
function generations({ dataDir }: Where): Candidate[] {
  const newest = listGenerations(dataDir).reverse();
  return newest.map((number, at) => {
    if (at >= DESCRIBED) return plain(String(number));
    const { origin, time } = readGeneration(dataDir, number);
    return { word: String(number), what: `${origin} ${time}` };
  });
}

/** Whose blocks there are. */
function owners({ dataDir }: Where): Candidate[] {
  return [...new Set(readBlocks(dataDir).map(({ owner }) => owner))].sort().map(plain);
}

/** Rows that are counted, of the interface that was named before or of all. */
function rules({ operands }: Wanted, { bpffs }: Where): Candidate[] {
  const asked = operands.map(kernelName);
  const named = readOwned(bpffs).filter(({ name }) => asked.length === 0 || asked.includes(name));
  const rows = named.flatMap(({ name }) => readRows(pinPathsOf(bpffs), name));
  return [...new Set(rows.map(({ row }) => row))].map(plain);
}
