// What the names in a match stand for: lists, files of networks, services. Refused beside what their schemas refuse: networks that name
// each other in a circle.
import type { Diagnostic } from '../../model/diagnostic.js';
import type { ServicePorts } from '../../model/policy.js';
import type { Progress } from '../../model/progress.js';
import { SERVICES } from '../../model/services.js';
import type { WrittenAddress } from '../../policy/fields/field.js';
import type { ListOptions } from '../lists/list-options.js';
import { type ListedAddress, ListReader } from '../lists/lists.js';
import type { SetStore } from '../lists/remembered-sets.js';
import type { Resolver } from '../policy/match.js';
import { portsByName } from '../policy/port-names.js';
import { fieldOf, type Issue, issueAt, itemsOf } from '../yaml/document.js';
import type { Source } from '../yaml/source.js';
import { checkAddress } from './find-unknown-names.js';
import { NamedFiles } from './named-files.js';
import { networkSchema } from './network-schema.js';
import { serviceSchema, toService } from './service-schema.js';

export class Names {
  readonly lists: ListReader;
  readonly services;
  readonly networks;

  /** `problems` receives those of each file that is read. */
  constructor(stateDir: string, problems: Diagnostic[], store: SetStore, progress?: Progress) {
    this.lists = new ListReader(stateDir, problems, store, progress);
    this.services = new NamedFiles(
      stateDir,
      { kind: 'service', folder: 'services', schema: serviceSchema },
      problems,
    );
    this.networks = new NamedFiles(
      stateDir,
      {
        kind: 'network',
        folder: 'networks',
        schema: networkSchema,
        findMore: ({ value }, name) => this.#findInNetwork(fieldOf(value, 'addresses'), name),
      },
      problems,
    );
  }

  /** Texts of the files that were read; lists keep theirs. */
  sources(): Source[] {
    return [...this.services.sources.values(), ...this.networks.sources.values()];
  }

  /** `undefined` for a name that nobody knows. One's own goes before one of IANA. */
  service(name: string): ServicePorts[] | undefined {
    if (!this.services.has(name)) return SERVICES.get(name);
    const own = this.services.read(name);
    return own ? toService(own) : [];
  }

  /** `options`: what the file that names lists says about them. Whatever is unknown was refused, and stands for nothing. */
  resolver(options: Record<string, ListOptions> = {}): Resolver {
    const service = (name: string): ServicePorts[] => this.service(name) ?? [];
    return {
      addresses: (written) => this.lists.resolve(this.#flatten(written), options),
      service,
      ports: (name, protocols) => {
        const found = portsByName(name, service(name), protocols);
        return Array.isArray(found) ? found : [];
      },
    };
  }

  /** Names of the lists that something written where an address may stand leads to. */
  listsIn(value: unknown): string[] {
    const [list, network] = [fieldOf(value, 'list'), fieldOf(value, 'network')];
    if (typeof list === 'string') return [list];
    if (typeof network !== 'string') return [];
    return this.#flatten([{ network }]).flatMap((one) => ('list' in one ? [one.list] : []));
  }

  #flatten(written: readonly WrittenAddress[], around: readonly string[] = []): ListedAddress[] {
    return written.flatMap((one) => {
      if (!('network' in one)) return [one];
      const { network: name } = one;
      if (around.includes(name)) return [];
      return this.#flatten(this.networks.read(name)?.addresses ?? [], [...around, name]);
    });
  }

  #findInNetwork(addresses: unknown, name: string): Issue[] {
    const written = Array.isArray(addresses) ? itemsOf(addresses) : [addresses];
    return written.flatMap((value, index) => {
      const path = Array.isArray(addresses) ? ['addresses', index] : ['addresses'];
      const issues = checkAddress(value, path, this);
      const other = fieldOf(value, 'network');
      const names = typeof other === 'string' && (other === name || this.#reaches(other, name));
      return names ? [...issues, issueAt([...path, 'network'], circle(name))] : issues;
    });
  }

  #reaches(from: string, to: string, seen = new Set<string>()): boolean {
    if (seen.has(from)) return false;
    seen.add(from);
    const written = this.networks.read(from)?.addresses ?? [];
    return written.some(
      (one) => 'network' in one && (one.network === to || this.#reaches(one.network, to, seen)),
    );
  }
}

function circle(name: string): { summary: string; message: string; hint: string } {
  return {
    summary: 'networks in a circle',
    message: `leads back to ${name}: which addresses it has would never be known`,
    hint: 'Remove it, or name lists and networks that do not name this one.',
  };
}
