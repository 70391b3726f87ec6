// What people say of rules, and rules that are disabled: another state, and the same instance.
import { describe, expect, it } from 'vitest';
import { loadHost } from '../../../src/desired/load.js';
import { InvalidStateError } from '../../../src/model/diagnostic.js';
import { wholeOf } from '../../../src/model/state-diff.js';
import { diffStates } from '../../../src/diff/state-diff.js';
import { MemoryObjectStore } from '../../../src/disk/object-store.js';
import { hostFile, placeAndSummary, policyFile, stateDir } from '../state-dir.js';

const PING = 'name: ping, match: {protocol: icmp}, action: drop';
const SSH = 'name: ssh, match: {protocol: tcp, destinationPort: 22}, action: pass';

async function load(...lines: string[]) {
  const files = {
    'hosts/edge-1.yaml': hostFile('  ens5: {policy: edge}'),
    'policies/edge.yaml': policyFile(...lines),
  };
  const store = new MemoryObjectStore();
  const { desired } = await loadHost({ stateDir: stateDir(files), host: 'edge-1', store });
  const [one] = desired.interfaces;
  if (!one?.program.firewall) throw new Error('no policy');
  return { desired, program: one.program, policy: one.program.firewall.policy };
}

const rules = (...all: string[]) => ['rules:', ...all.map((rule) => `  - {${rule}}`)];

async function problems(...lines: string[]): Promise<string[]> {
  const error = await load(...lines).catch((one: unknown) => one);
  return error instanceof InvalidStateError ? error.diagnostics.map(placeAndSummary) : [];
}

describe('notes', () => {
  it('change the state that is wanted, and no instance', async () => {
    const plain = await load(...rules(PING, SSH));
    const told = await load(
      ...rules(PING, `${SSH}, description: for the team, owner: netops, ticket: NET-12`),
    );
    expect(told.policy.rules[1]).toMatchObject({
      description: 'for the team',
      owner: 'netops',
      ticket: 'NET-12',
    });
    expect(told.program.digest).toBe(plain.program.digest);
    expect(told.desired.digest).not.toBe(plain.desired.digest);
    expect(told.desired.written).not.toBe(plain.desired.written);
    const [policy] = diffStates(wholeOf(plain.desired), wholeOf(told.desired), true).policies;
    expect(policy?.details).toEqual(['rule ssh changed: description, owner, ticket']);
    expect(policy?.fates?.changes).toEqual([]);
  });

  it('beside another change are not named', async () => {
    const was = await load(...rules(SSH));
    const is = await load(...rules(`${SSH.replace('22', '23')}, owner: netops`));
    const [policy] = diffStates(wholeOf(was.desired), wholeOf(is.desired), false).policies;
    expect(policy?.details).toEqual(['rule ssh changed']);
  });

  it.each([
    'description: ""',
    'owner: " x"',
    'ticket: "a\\nb"',
    `owner: ${'x'.repeat(101)}`,
    'enabled: maybe',
  ])('%s is refused', async (note) => {
    const [field = ''] = note.split(':');
    const column = 6 + PING.length + 2 + field.length + 2;
    const [found, ...more] = await problems(...rules(`${PING}, ${note}`));
    expect(found).toContain(`policies/edge.yaml:5:${column}`);
    expect(more).toEqual([]);
  });
});

describe('enabled: false', () => {
  it('is as if the rule were not there, for packets', async () => {
    const without = await load(...rules(SSH));
    const off = await load(...rules(`${PING}, owner: netops, enabled: false`, SSH));
    expect(off.policy.rules.map(({ name }) => name)).toEqual(['ssh']);
    expect(off.policy.disabled).toMatchObject([{ name: 'ping', owner: 'netops', at: { line: 5 } }]);
    expect(off.program.digest).toBe(without.program.digest);
    expect(off.desired.written).not.toBe(without.desired.written);
  });

  it('is told as that', async () => {
    const on = await load(...rules(PING, SSH));
    const off = await load(...rules(`${PING}, enabled: false`, SSH));
    const none = await load(...rules(SSH));
    const told = (was: typeof on, is: typeof on) =>
      diffStates(wholeOf(was.desired), wholeOf(is.desired), false).policies.flatMap(({ details }) => details);
    expect(told(on, off)).toEqual(['rule ping disabled']);
    expect(told(off, on)).toEqual(['rule ping enabled']);
    expect(told(none, off)).toEqual(['rule ping added, disabled']);
    expect(told(off, none)).toEqual(['rule ping removed, disabled']);
  });

  it('checks the rule all the same, and a test of it is refused', async () => {
    expect(
      await problems(...rules('name: a, match: {source: {list: none}}, action: drop, enabled: false')),
    ).toEqual([expect.stringContaining('unknown list')]);
    const tests = ['tests:', '  - {name: t, packet: {protocol: icmp}, expect: drop, rule: ping}'];
    expect(await problems(...rules(`${PING}, enabled: false`), ...tests)).toEqual([
      'policies/edge.yaml:7:61-65 disabled rule',
    ]);
  });
});
