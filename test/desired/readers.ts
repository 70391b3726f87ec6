// Files of a state directory, read as a host or a validation reads them, with the problems beside.
import { readHostFile, type HostFile } from '../../src/desired/host/host-file.js';
import { ListReader } from '../../src/desired/lists/lists.js';
import { GroupReader } from '../../src/desired/policy/groups.js';
import { PolicyReader } from '../../src/desired/policy/policies.js';
import type { Diagnostic } from '../../src/model/diagnostic.js';
import { MemoryObjectStore } from '../../src/disk/object-store.js';
import type { AddressSet, Policy } from '../../src/model/policy.js';

export function readHost(folder: string): HostFile & { problems: Diagnostic[] } {
  const problems: Diagnostic[] = [];
  return {
    ...readHostFile(folder, 'edge-1', new ListReader(folder, problems, new MemoryObjectStore()), problems),
    problems,
  };
}

/** policies/edge.yaml. */
export function readPolicy(folder: string): { policy: Policy | undefined; problems: Diagnostic[] } {
  const problems: Diagnostic[] = [];
  const lists = new ListReader(folder, problems, new MemoryObjectStore());
  const reader = new PolicyReader(folder, lists, new GroupReader(folder, lists, problems), problems);
  return { policy: reader.read('edge'), problems };
}

/** lists/bad.txt. */
export function readList(folder: string): { list: AddressSet; problems: Diagnostic[] } {
  const problems: Diagnostic[] = [];
  return { list: new ListReader(folder, problems, new MemoryObjectStore()).read('bad').set, problems };
}
