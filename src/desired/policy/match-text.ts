// A match of the command line, with the fields that the match of a rule has, in YAML's flow style. No files are read here.
import { toAddressSet } from '../../disk/address-sets.js';
import { UsageError } from '../../model/errors.js';
import { fromCidrs } from '../../addresses/networks.js';
import { SERVICES } from '../../model/services.js';
import type { AddressSet, Match, Range, ServicePorts } from '../../model/policy.js';
import type { WrittenAddress } from '../../policy/fields/field.js';
import { unknownService } from '../names/find-unknown-names.js';
import { parseFlow } from '../yaml/flow-text.js';
import { portsByName } from './port-names.js';
import { matchSchema, toMatch } from './match.js';

const EXAMPLE = '{protocol: tcp, source: 10.0.0.0/8, destinationPort: [80, 443]}';

/** The braces may be left out; empty text matches everything. Throws a UsageError that says all that is wrong. */
export function parseMatch(text: string): Match {
  const hint = `Write the fields that the match of a rule has: ${EXAMPLE}.`;
  return toMatch(parseFlow(text, 'match', matchSchema, hint), { addresses, service, ports });
}

function addresses(written: WrittenAddress[]): AddressSet {
  const networks = written.flatMap((one) => ('family' in one ? [one] : []));
  if (networks.length < written.length) {
    throw new UsageError('a list cannot be named here', { hint: 'Write the networks themselves.' });
  }
  // Never stored: it exists only as long as the command.
  return toAddressSet(fromCidrs(networks), [], { put: () => '' });
}

function service(name: string): ServicePorts[] {
  const found = SERVICES.get(name);
  if (found) return found;
  const { message, hint } = unknownService(name, []);
  throw new UsageError(`\`service\` ${message}`, { hint });
}

function ports(name: string, protocols: readonly number[]): Range[] {
  const found = portsByName(name, service(name), protocols);
  if (Array.isArray(found)) return found;
  throw new UsageError(`a port ${found.message}`, { hint: found.hint });
}
