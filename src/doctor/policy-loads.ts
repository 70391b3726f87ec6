// Checks whether this kernel takes the program of a policy, by loading one: versions do not tell, since distributions backport
// features. The policy has a rate limit and a deadline, which need most of the kernel. Nothing is attached or pinned.
import { release } from 'node:os';
import { readBuiltin } from '../desired/programs/builtins.js';
import { missingCapabilities } from '../kernel/capabilities.js';
import { loadPolicy, taiOffset } from '../kernel/load-policy.js';
import { XdpkeepError } from '../model/errors.js';
import type { Policy, Rule } from '../model/policy.js';
import { assignRows } from '../model/rows.js';
import { bindTables, compilePolicy } from '../policy/compile/compile.js';
import { type Answer, failure, ok, unknown } from './check.js';

/** Where policies were tried: README.md says the same. */
const TRIED = '6.1, 6.12, 6.18 and 7.3';

const AT = { file: 'doctor', line: 1, column: 1 };

const RULE: Rule = {
  name: 'limited',
  match: { protocol: [{ from: 6, to: 6 }] },
  action: { kind: 'drop' },
  rateLimit: { packetsPerSecond: 1, burst: 1, per: 'source' },
  until: Date.UTC(2100, 0),
  at: AT,
};

const POLICY: Policy = {
  name: 'doctor',
  default: 'pass',
  rules: [RULE],
  fragments: 'match',
  malformed: 'drop',
  nonIp: 'pass',
  neighborDiscovery: 'pass',
  mode: 'enforce',
  tests: [],
  at: AT,
};

export function policyLoads(): Answer {
  if (missingCapabilities().length > 0) return unknown('whether one loads takes rights to try');
  const tables = compilePolicy(POLICY, []);
  const { slots } = assignRows(
    tables.owners.map(({ row }) => row),
    [],
  );
  const bound = bindTables(tables, {
    slots,
    ifindexes: new Map(),
    sets: [],
    taiOffset: taiOffset(),
    blocks: true,
    frames: { frags: false, noEthernet: false },
  });
  const { bytes } = readBuiltin('firewall');
  try {
    using _loaded = loadPolicy(bytes, bound, { blocks: 'new' });
    return ok('one with a rate limit and a deadline loads');
  } catch (error) {
    if (!(error instanceof XdpkeepError)) throw error;
    return failure(
      `Linux ${release()} does not load one: ${error.message}`,
      `Policies need a newer kernel: ${TRIED} were tried. Programs of your own may load all the same.`,
    );
  }
}
