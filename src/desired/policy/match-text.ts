// A match of the command line, with the fields that the match of a rule has, in YAML's flow style. Lists are not read here.
import { toAddressSet } from '../../disk/address-sets.js';
import { UsageError } from '../../model/errors.js';
import { fromCidrs } from '../../addresses/networks.js';
import type { AddressSet, Match } from '../../model/policy.js';
import type { WrittenAddress } from '../../policy/fields/field.js';
import { parseFlow } from '../yaml/flow-text.js';
import { matchSchema, toMatch } from './match.js';

const EXAMPLE = '{protocol: tcp, source: 10.0.0.0/8, destinationPort: [80, 443]}';

/** The braces may be left out; empty text matches everything. Throws a UsageError that says all that is wrong. */
export function parseMatch(text: string): Match {
  const hint = `Write the fields that the match of a rule has: ${EXAMPLE}.`;
  return toMatch(parseFlow(text, 'match', matchSchema, hint), resolve);
}

function resolve(written: WrittenAddress[]): AddressSet {
  const networks = written.flatMap((one) => ('list' in one ? [] : [one]));
  if (networks.length < written.length) {
    throw new UsageError('a list cannot be named here', { hint: 'Write the networks themselves.' });
  }
  // Never stored: it exists only as long as the command.
  return toAddressSet(fromCidrs(networks), [], { put: () => '' });
}
