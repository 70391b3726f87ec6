// Where policies run, for lint: what the Host files say of every host, and on the host itself what is true of the interfaces that
// are there. Needs no rights.
import { type HostFile, readHostFile } from '../desired/host/host-file.js';
import { ListReader } from '../desired/lists/lists.js';
import { wantedFor } from '../diff/diff.js';
import { MemoryObjectStore } from '../disk/object-store.js';
import { hidesTags } from '../kernel/device.js';
import { xdpFeatures } from '../kernel/netdev.js';
import { listLinks } from '../kernel/rtnetlink.js';
import type { Diagnostic } from '../model/diagnostic.js';
import { LINT_RULES } from '../model/lint.js';
import { runsGeneric } from '../model/merged-packets.js';
import { doubtsInPlace, IN_PLACE_HINTS, type RunsAt } from '../policy/analysis/in-place.js';

export interface PolicyPlaces {
  /** Name of a policy -> where it runs. */
  places: ReadonlyMap<string, readonly RunsAt[]>;
  /** Of `protect`, which goes in front of the policies of a host, and of `connections`. */
  warnings: Diagnostic[];
}

/** `here`: which host this machine is; it may have no Host file. `asking`: the names of policies that ask about connections. */
export function findPolicyPlaces(
  stateDir: string,
  hosts: readonly string[],
  here: string,
  asking: ReadonlySet<string>,
): PolicyPlaces {
  const lists = new ListReader(stateDir, [], new MemoryObjectStore());
  const places = new Map<string, RunsAt[]>();
  const warnings: Diagnostic[] = [];
  for (const host of hosts) {
    const file = readHostFile(stateDir, host, lists, []);
    const found = [...asWritten(file, host), ...(host === here ? asItIs(file, host) : [])];
    for (const { policy, ...place } of found) places.set(policy, [...(places.get(policy) ?? []), place]);
    warnings.push(...aboutProtect(file, found), ...aboutConnections(file, found, asking));
  }
  return { places, warnings };
}

interface Found extends RunsAt {
  policy: string;
}

function asWritten({ interfaces }: HostFile, host: string): Found[] {
  return interfaces.flatMap(({ pattern, mode, policies }) =>
    policies.map(({ name: policy }) => {
      return { policy, name: `${pattern} of ${host}`, generic: runsGeneric(mode, {}), hidesTags: false };
    }),
  );
}

function asItIs(file: HostFile, host: string): Found[] {
  return listLinks().flatMap((link): Found[] => {
    const { name, ifindex } = link;
    const { policies, mode } = wantedFor(file, link) ?? {};
    if (policies === undefined || mode === undefined) return [];
    // Of what the file itself says, its pattern was named.
    const isNews = mode !== 'generic' && runsGeneric(mode, { ...link, ...xdpFeatures(ifindex) });
    const place = { name: `${name} of ${host}`, generic: isNews, hidesTags: hidesTags(ifindex) };
    return policies.map(({ name: policy }) => ({ policy, ...place }));
  });
}

function aboutProtect({ protections, source }: HostFile, places: readonly RunsAt[]): Diagnostic[] {
  const lines = source?.text.split(/\r?\n/) ?? [];
  return protections.flatMap(({ match, at }) =>
    doubtsInPlace({ match }, places).map(({ kind, about }): Diagnostic => ({
      severity: 'warning',
      summary: LINT_RULES[kind].summary,
      detail: `an entry of \`protect\` ${about}`,
      hint: IN_PLACE_HINTS[kind],
      at,
      excerpt: lines[at.line - 1] ?? '',
    })),
  );
}

/** Of tables that are never made. */
function aboutConnections(
  { connectionsPlace: place }: HostFile,
  found: readonly Found[],
  asking: ReadonlySet<string>,
): Diagnostic[] {
  if (!place || found.some(({ policy }) => asking.has(policy))) return [];
  return [
    {
      severity: 'warning',
      summary: 'connections that nobody asks about',
      detail: 'no policy of this host has a rule with `connection`, so nothing is recorded',
      hint: 'Remove it, or write such a rule: docs/connections.md.',
      ...place,
    },
  ];
}
