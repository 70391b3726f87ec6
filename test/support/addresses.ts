// Address sets for tests.
import { toAddressSet } from '../../src/disk/address-sets.js';
import { MemoryObjectStore } from '../../src/disk/object-store.js';
import { fromCidrs } from '../../src/addresses/networks.js';
import type { Cidr } from '../../src/addresses/cidr.js';
import type { AddressSet } from '../../src/model/policy.js';

export function addressSet(cidrs: Cidr[], lists: string[] = []): AddressSet {
  return toAddressSet(fromCidrs(cidrs), lists, new MemoryObjectStore());
}
