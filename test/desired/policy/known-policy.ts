// A policy file as it is read, with and without a memory of what it was.
import type { KnownPolicy } from '../../../src/desired/policy/known-rules.js';
import { ListReader } from '../../../src/desired/lists/lists.js';
import { PolicyReader } from '../../../src/desired/policy/policies.js';
import { MemoryObjectStore } from '../../../src/disk/object-store.js';
import type { Diagnostic } from '../../../src/model/diagnostic.js';
import type { Policy } from '../../../src/model/policy.js';
import { write } from '../state-dir.js';

/** What stands in policies/edge.yaml, and what was said of it. */
export function read(
  folder: string,
  text: string,
  known?: KnownPolicy,
): { policy?: Policy; problems: Diagnostic[] } {
  write(folder, { 'policies/edge.yaml': text });
  const problems: Diagnostic[] = [];
  const lists = new ListReader(folder, problems, new MemoryObjectStore());
  const remembered = new Map(known && [['edge', known]]);
  const policy = new PolicyReader(folder, lists, problems, remembered).read('edge');
  return { ...(policy && { policy: withContents(policy) }), problems };
}

/** Sets are compared by what is in them. */
function withContents(policy: Policy): Policy {
  const rules = policy.rules.map(({ match: { source, destination, ...match }, ...rule }) => {
    const contents = [source, destination].map((set) => set && { ...set, content: set.content() });
    return { ...rule, match: { ...match, contents } };
  });
  return { ...policy, rules };
}

/** What is remembered of a text about which there is nothing to say. */
export function known(folder: string, text: string): KnownPolicy {
  write(folder, { 'policies/edge.yaml': text });
  const problems: Diagnostic[] = [];
  const lists = new ListReader(folder, problems, new MemoryObjectStore());
  const policy = new PolicyReader(folder, lists, problems).read('edge');
  if (!policy) throw new Error(JSON.stringify(problems));
  return { text, policy };
}
