// Policies on interfaces without an Ethernet header are other instances; everything else stays what it is.
import { expect, it } from 'vitest';
import { boundToLink, readsIpFirst } from '../../src/diff/no-ethernet.js';
import { policy } from '../policy/policy.js';
import { nic, wanted } from '../support/states.js';

const { program } = wanted('a', { digest: 'aaaa-7-8' });
const guarded = { ...program, firewall: { policy: policy([]), protections: [] } };
const tunnel = { ...nic('a', 3), framing: 'ip' as const };

it('a policy reads from the IP header on where packets begin there', () => {
  const bound = boundToLink(guarded, tunnel);
  expect(bound).toEqual({ ...guarded, digest: 'aaaa-ip-7-8', noEthernet: true });
  expect([readsIpFirst(bound.digest), readsIpFirst(guarded.digest)]).toEqual([true, false]);
});

it.each([
  ['with an Ethernet header', guarded, nic('a', 3)],
  ['of no known framing', guarded, { ...nic('a', 3), framing: { unknown: 'PPP' } }],
  ['that is not there', guarded, undefined],
  ['that runs no policy', program, tunnel],
])('on an interface %s it stays what it is', (_where, one, at) => {
  expect(boundToLink(one, at)).toBe(one);
});
