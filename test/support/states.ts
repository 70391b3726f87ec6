// Small worlds for the tests of the pure core: one wanted program, one interface, and what is pinned for it.
import type { MapDefinition } from '../../src/model/instance.js';
import type { DesiredInterface, DesiredState } from '../../src/model/desired.js';
import type {
  ObservedInstance,
  ObservedInterface,
  ObservedMap,
  ObservedState,
  OwnedInterface,
  XdpAttachment,
} from '../../src/model/observed.js';
import type { AttachingContext, DriftContext, Past } from '../../src/plan/context.js';

/** The map of the programs of this file. */
export const DEFINITION: MapDefinition = {
  name: 'icmp_drops',
  type: 2,
  keySize: 4,
  valueSize: 8,
  maxEntries: 1,
  flags: 0,
  internal: false,
  made: true,
};

export const NETNS = 4026531840;

/** Nothing was ever brought into effect: whatever differs is wanted anew. */
export const NO_DRIFT: DriftContext = {
  boot: 'boot-1',
  installed: new Map(),
  stalled: new Map(),
  insist: false,
};

/** No interface ran before, and no driver is asked. */
const FIRST_TIME: AttachingContext = {
  goNative: false,
  last: new Map(),
  native: new Map(),
  takesFrags: new Set(),
};

/** No earlier pass is known. */
export const NOTHING_BEFORE: Past = {
  attachedFrom: new Map(),
  failedLately: new Map(),
  fellBackBecause: new Map(),
  keepsFormer: false,
  drift: NO_DRIFT,
  attaching: FIRST_TIME,
};

export function wanted(
  pattern: string,
  change: Partial<DesiredInterface> & { digest?: string } = {},
): DesiredInterface {
  const { digest = 'aaaa', ...rest } = change;
  const program = {
    label: 'icmp-drop',
    origin: 'builtin',
    function: 'icmp_drop',
    object: `sha-${digest}`,
    digest,
    written: digest,
  };
  const at = { file: 'hosts/edge.yaml', line: 6, column: 3 };
  return { pattern, mode: 'native', foreign: 'refuse', program, at, ...rest } as DesiredInterface;
}

export function desired(...interfaces: DesiredInterface[]): DesiredState {
  const digest = interfaces.map(({ program }) => program.digest).join();
  return { host: 'edge', interfaces, digest, written: digest };
}

export function nic(name: string, ifindex: number, ...xdp: XdpAttachment[]): ObservedInterface {
  return { name, ifindex, xdp, tc: [] };
}

/** Our link runs here natively: program 10, link 20. */
export function ours(change: Partial<XdpAttachment> = {}): XdpAttachment {
  return { mode: 'native', programId: 10, programName: 'icmp_drop', linkId: 20, ...change };
}

/** A stranger's program 90, attached through netlink. */
export function stranger(change: Partial<XdpAttachment> = {}): XdpAttachment {
  return { mode: 'native', programId: 90, programName: 'cilium_xdp', ...change };
}

export function map(name: string, change: Partial<ObservedMap> = {}): ObservedMap {
  return { name, id: 30, type: 2, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0, ...change };
}

export function instance(digest: string, programId?: number, maps = [map('icmp_drops')]): ObservedInstance {
  return { digest, maps, ...(programId !== undefined && { programId }) };
}

/** Link 20 on interface 3 runs program 10 of instance aaaa. */
export function owned(name: string, change: Partial<OwnedInterface> = {}): OwnedInterface {
  return { name, link: { id: 20, programId: 10, ifindex: 3 }, instances: [instance('aaaa', 10)], ...change };
}

export function observed(interfaces: ObservedInterface[], owned: OwnedInterface[] = []): ObservedState {
  return { boot: 'boot-1', netns: NETNS, interfaces, owned };
}
