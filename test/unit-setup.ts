// Before every file of unit tests: the programs that ship need clang and a build, and no unit test loads one. What stands
// for each here has its function, and no instruction. What they hold is for the tests in the lab.
import { vi } from 'vitest';
import type * as builtins from '../src/desired/programs/builtins.js';
import { tinyObject } from './support/tiny-object.js';

vi.mock('../src/desired/programs/builtins.js', (): typeof builtins => ({
  readBuiltin: (name) => {
    const function_ = name.replaceAll('-', '_');
    return { bytes: tinyObject(function_), function: function_ };
  },
  readFirewall: (_policy, from) => {
    const name = from === 'conntrack' ? 'firewall_conntrack' : 'firewall';
    return { bytes: tinyObject(name), function: name };
  },
}));
