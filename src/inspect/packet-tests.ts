// `xdpkeep test`: runs the packet tests of every policy in the kernel, or in the reference where this process may not load
// programs. Attaches nothing. Missing redirect interfaces and CPUs fail no test: a test asks which rule decides, not
// whether the packet would arrive.
import { readFirewall } from '../desired/programs/builtins.js';
import { requireHost } from '../desired/host/hosts.js';
import { loadPolicies } from '../desired/load-all.js';
import { MemoryObjectStore } from '../disk/object-store.js';
import { missingCapabilities } from '../kernel/capabilities.js';
import { LONGEST_QUESTION } from '../kernel/ask-policy.js';
import { diagnosticLine } from '../model/diagnostic.js';
import type { TestOutcome, TestReport } from '../model/packet-tests.js';
import { decideByReference, runPacketTests, type TestResult } from '../policy/packet-tests.js';
import { testAlone } from '../prove/test-alone.js';

export interface PacketTestOptions {
  stateDir: string;
  host: string;
  /** Someone named the host: then it must be there. */
  hostIsNamed: boolean;
}

/** Throws an InvalidStateError or a HostNotFoundError. */
export function testPolicies({ stateDir, host, hostIsNamed }: PacketTestOptions): TestReport {
  if (hostIsNamed) requireHost(stateDir, host);
  const { firewalls, hasHost, warnings } = loadPolicies({ stateDir, store: new MemoryObjectStore() }, host);
  const missing = missingCapabilities();
  const now = Date.now();
  const tests = firewalls.flatMap((firewall) => {
    const results =
      missing.length === 0
        ? testAlone(firewall, readFirewall(firewall.policy).bytes)
        : runPacketTests(firewall, decideByReference(firewall, now));
    return results.map((result) => outcome(firewall.policy.name, result, missing.length === 0));
  });
  const tooLong = tests.filter(({ decidedBy }) => decidedBy !== undefined).length;
  const noHost = `no host ${JSON.stringify(host)} in ${stateDir}: policies are tested without protected flows`;
  return {
    apiVersion: 'xdpkeep/v1',
    kind: 'TestReport',
    ...(hasHost && { host }),
    decidedBy: missing.length === 0 ? 'kernel' : 'reference',
    policies: firewalls.map(({ policy }) => policy.name),
    failed: tests.filter(({ passed }) => !passed).length,
    tests,
    warnings: [
      ...warnings.map(diagnosticLine),
      ...(hasHost ? [] : [noHost]),
      ...(tooLong > 0 ? [longOnes(tooLong)] : []),
    ],
  };
}

function longOnes(count: number): string {
  const are = count === 1 ? '1 packet is' : `${count} packets are`;
  return `${are} longer than the kernel takes in a test run: decided by the reference`;
}

function outcome(
  policy: string,
  { name, at, expect, rule, got, bytes, problem }: TestResult,
  inKernel: boolean,
): TestOutcome {
  return {
    policy,
    name,
    passed: problem === undefined,
    expected: { verdict: expect, ...(rule !== undefined && { rule }) },
    got: { verdict: got.verdict, rule: got.row },
    ...(inKernel && bytes > LONGEST_QUESTION && { decidedBy: 'reference' }),
    at,
  };
}
