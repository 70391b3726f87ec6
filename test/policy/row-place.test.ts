// Where each row of a policy is said: in a rule, in a protect entry, by a setting, or nowhere.
import { expect, test } from 'vitest';
import type { HostPolicy } from '../../src/model/desired.js';
import type { PacketDescription } from '../../src/model/policy.js';
import { buildPacket } from '../../src/policy/packet/build-packet.js';
import { placeOfRow } from '../../src/policy/row-place.js';
import { AT, policy, rule } from './policy.js';

const at = (line: number) => ({ ...AT, line });
const PROTECTED = { match: { destinationPort: [{ from: 22, to: 22 }] }, at: { ...AT, file: 'hosts/h.yaml' } };
const RULES = [rule('web', {}, 'drop', { at: at(9) })];
const WRITTEN: HostPolicy = {
  protections: [PROTECTED],
  policy: policy(RULES, {
    settingsAt: {
      default: at(2),
      fragments: at(3),
      malformed: at(4),
      nonIp: at(5),
      neighborDiscovery: at(6),
    },
  }),
};
const SSH = { destinationPort: 22 };
const SOLICITATION = { protocol: 58, icmpType: 135, ttl: 255 };

test.each<[row: string, packet: PacketDescription, line: number]>([
  ['web', {}, 9],
  ['(default)', {}, 2],
  ['(fragments)', { fragment: 'later' }, 3],
  ['(malformed)', {}, 4],
  ['(non-ip)', { etherType: 0x0806 }, 5],
  ['(protect)', SOLICITATION, 6],
])('%s of %o: line %i of the policy', (row, packet, line) => {
  expect(placeOfRow(WRITTEN, row, buildPacket(packet))).toEqual(at(line));
});

test('(protect) is said by the entry that matches', () => {
  expect(placeOfRow(WRITTEN, '(protect)', buildPacket(SSH))).toEqual(PROTECTED.at);
});

test.each(['(default)', '(fragments)', '(malformed)', '(non-ip)', '(protect)', '(blocked)'])(
  '%s has no place where nobody wrote its setting',
  (row) => {
    const unwritten = { protections: [], policy: policy(RULES, { settingsAt: {} }) };
    expect(placeOfRow(unwritten, row, buildPacket(SOLICITATION))).toBeUndefined();
  },
);

test('of a policy that an earlier release recorded, the policy as a whole', () => {
  const recorded = { protections: [], policy: policy(RULES, { at: at(1) }) };
  expect(placeOfRow(recorded, '(default)', buildPacket({}))).toEqual(at(1));
  expect(placeOfRow(recorded, '(blocked)', buildPacket({}))).toBeUndefined();
});
