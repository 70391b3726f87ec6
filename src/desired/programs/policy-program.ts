// What a policy becomes: the program that ships with this build for all policies. The tables of that program and the compiler
// that makes them belong together, so a recorded policy becomes the program of the build that applies it, and not again the
// one that it became when it was recorded.
import { digestFirewall, digestState } from '../digest.js';
import type { ConnectionSource } from '../../model/connections.js';
import type { DesiredProgram, DesiredState, HostPolicy } from '../../model/desired.js';
import type { ObjectStore } from '../../model/object-store.js';
import { readFirewall } from './builtins.js';

/** `store` receives the object. `from`: what is asked about connections. */
export function policyProgram(
  firewall: HostPolicy,
  store: ObjectStore,
  from?: ConnectionSource,
): DesiredProgram {
  const { bytes, function: function_ } = readFirewall(firewall.policy, from);
  const object = store.put(bytes);
  return {
    label: `policy ${firewall.policy.name}`,
    origin: 'policy',
    firewall,
    function: function_,
    object,
    ...digestFirewall(object, firewall),
  };
}

/**
 * The same state with its policies as this build makes them. What people wrote stays what it was, and so does a hold of it. `from`: what
 * they ask about connections; absent for what the state says.
 */
export function rebuildPolicies(
  state: DesiredState,
  store: ObjectStore,
  from: ConnectionSource | undefined = state.connections?.from,
): DesiredState {
  const made = new Map<HostPolicy, DesiredProgram>();
  const remake = (program: DesiredProgram): DesiredProgram => {
    const { firewall, written } = program;
    if (!firewall) return program;
    const now = made.get(firewall) ?? { ...policyProgram(firewall, store, from), written };
    made.set(firewall, now);
    return now.object === program.object ? program : now;
  };
  const interfaces = state.interfaces.map((one) => ({ ...one, program: remake(one.program) }));
  if (interfaces.every(({ program }, at) => program === state.interfaces[at]?.program)) return state;
  return { ...state, interfaces, digest: digestState(state.host, interfaces, state.connections) };
}
