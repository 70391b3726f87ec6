// What a policy is called as an instance on a host.
import { describe, expect, it } from 'vitest';
import { isAsking, bindProgram } from '../../src/diff/bind.js';
import type { DesiredProgram } from '../../src/model/desired.js';
import { AT, policy } from '../policy/policy.js';
import { map, nic, owned } from '../support/states.js';

const base = {
  label: 'policy p',
  origin: 'policy',
  function: 'firewall',
  object: 'o',
  written: 'w',
} as const;
const redirecting = (...targets: string[]): DesiredProgram => {
  const rules = targets.map((target, at) => {
    return { name: `r${at}`, match: {}, action: { kind: 'redirect' as const, interface: target }, at: AT };
  });
  const pass = { name: 'pass', match: {}, action: { kind: 'pass' as const }, at: AT };
  return { ...base, digest: 'dddd', firewall: { policy: policy([...rules, pass]), protections: [] } };
};
const plain: DesiredProgram = { ...base, origin: 'builtin', digest: 'aaaa' };
const withBlocks = owned('a', { blocks: map('blocks') });

describe('a program', () => {
  it('without a policy, or of one that redirects nowhere, is itself', () => {
    expect(bindProgram(plain, [], withBlocks, false)).toBe(plain);
    const program = redirecting();
    expect(bindProgram(program, [], owned('a'), false)).toBe(program);
    expect(bindProgram(program, [], undefined, false)).toBe(program);
  });

  it('is named by the numbers of its targets, in the order of their names, each once', () => {
    const nics = [nic('y', 8), nic('x', 7), nic('z', 9)];
    expect(bindProgram(redirecting('y', 'x', 'y'), nics, undefined, false)).toMatchObject({
      digest: 'dddd-7-8',
    });
    expect(bindProgram(redirecting('y', 'x'), nics, undefined, false)).not.toHaveProperty('blocks');
  });

  it('that redirects to nowhere says where', () => {
    expect(bindProgram(redirecting('x', 'gone'), [nic('x', 7)], undefined, false)).toBe('gone');
  });

  it('asks for blocks where an operator has ever blocked something', () => {
    expect(bindProgram(redirecting(), [], withBlocks, false)).toMatchObject({
      digest: 'dddd-blocks',
      blocks: true,
    });
    expect(bindProgram(redirecting('x'), [nic('x', 7)], withBlocks, false)).toMatchObject({
      digest: 'dddd-7-blocks',
    });
  });

  it('is known by its digest to ask for blocks', () => {
    expect(['dddd-7-blocks', 'dddd-blocks'].map(isAsking)).toEqual([true, true]);
    expect(['dddd-7', 'blocks-7', 'dddd'].map(isAsking)).toEqual([false, false, false]);
  });
});
