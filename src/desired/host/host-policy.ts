// Which policy an interface runs: that of one file, or layers made one. Refused: policies that are not there, layers that do not go
// together, packets that go on where no layer is, tests of rules that are not there.
import type { Diagnostic } from '../../model/diagnostic.js';
import { BUILTIN_ROWS, type Policy } from '../../model/policy.js';
import { dangling, stackName, stackPolicies } from '../../policy/layers.js';
import { suggest } from '../../text/suggest.js';
import { quote } from '../../text/wording.js';
import type { PolicyReader } from '../policy/policies.js';
import type { Place } from '../yaml/source.js';
import type { HostInterface } from './host-file.js';

export class HostPolicies {
  /** Layers by what they are made of, so that interfaces that run the same have one policy. */
  readonly #stacks = new Map<string, Policy>();

  /** `problems` receives those of the interfaces. */
  constructor(
    private readonly policies: PolicyReader,
    private readonly problems: Diagnostic[],
  ) {}

  /** `undefined` after problems, and for an interface that runs no policy. */
  read({ policies, tests, at }: HostInterface): Policy | undefined {
    this.problems.push(...policies.flatMap((one) => this.#unknown(one)));
    const layers = policies.flatMap(({ name }) => this.policies.read(name) ?? []);
    const [only] = layers;
    if (!only || layers.length < policies.length) return undefined;
    if (policies.length === 1) {
      this.#refuse(dangling(only), policies);
      return only;
    }
    const key = JSON.stringify([policies.map(({ name }) => name), tests]);
    const known = this.#stacks.get(key);
    if (known) return known;
    const { policy, problems } = stackPolicies(layers, tests, at);
    this.#refuse(problems, policies);
    this.problems.push(...unknownRules(policy));
    this.#stacks.set(key, policy);
    return policy;
  }

  #refuse(problems: ReturnType<typeof dangling>, policies: HostInterface['policies']): void {
    for (const { layer, summary, message, hint = '' } of problems) {
      const one = policies[layer];
      if (one)
        this.problems.push({
          severity: 'error',
          summary,
          detail: `policy ${one.name} ${message}`,
          hint,
          ...one.place,
        });
    }
  }

  #unknown({ name, place }: { name: string; place: Place }): Diagnostic[] {
    if (this.policies.has(name)) return [];
    const names = this.policies.names();
    const meant = suggest(name, names);
    const there = names.length === 0 ? 'there are no policies' : `the policies are ${names.join(', ')}`;
    return [
      {
        severity: 'error',
        summary: 'unknown policy',
        detail: `there is no file policies/${name}.yaml; ${there}`,
        hint: meant === undefined ? `Add policies/${name}.yaml.` : `Did you mean ${quote(meant)}?`,
        ...place,
      },
    ];
  }
}

/** Of tests of layers as a whole. */
function unknownRules({ rules, tests, layers = [] }: Policy): Diagnostic[] {
  const names = [...rules.map(({ name }) => name), ...BUILTIN_ROWS];
  const known = new Set(names);
  return tests.flatMap(({ rule, name, at }): Diagnostic[] => {
    if (rule === undefined || known.has(rule)) return [];
    const meant = suggest(rule, names);
    return [
      {
        severity: 'error',
        summary: 'unknown rule',
        detail: `the test ${quote(name)} names ${quote(rule)}, which is no rule of ${stackName(layers.map((one) => one.name))}`,
        hint: meant === undefined ? 'Name a rule as LAYER/RULE.' : `Did you mean ${quote(meant)}?`,
        at,
      },
    ];
  });
}
