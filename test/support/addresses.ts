// Address sets for tests.
import { toAddressSet } from '../../src/disk/address-sets.js';
import { MemoryObjectStore } from '../../src/disk/object-store.js';
import { fromCidrs } from '../../src/model/networks.js';
import type { AddressSet, Cidr } from '../../src/model/policy.js';

export function addressSet(cidrs: Cidr[], lists: string[] = []): AddressSet {
  return toAddressSet(fromCidrs(cidrs), lists, new MemoryObjectStore());
}
