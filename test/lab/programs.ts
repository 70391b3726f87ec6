// The programs of test/programs/, compiled by the compiler that users have.
// needs: lab
import { readFileSync } from 'node:fs';
import { compile, findCompiler } from '../../src/kernel/clang.js';
import { readSources } from '../../src/desired/programs/sources.js';
import { BpfObject } from '../../src/kernel/object.js';

/** The object made of `test/programs/<name>.bpf.c`. */
export async function compileProgram(name: string): Promise<Uint8Array> {
  const compiler = findCompiler();
  if (!compiler) throw new Error('clang is not installed');
  const unit = { stateDir: 'test/programs', source: `${name}.bpf.c` };
  return (await compile(compiler, unit, readSources(unit.stateDir))).object;
}

/** The object of the builtin program, opened and loaded; as if it had another section, where one is said. */
export function loadIcmpDrop(section: 'xdp' | 'xdp.frags' = 'xdp'): BpfObject {
  const object = BpfObject.open(readFileSync('dist/bpf/icmp_drop.bpf.o'), 'icmp_drop');
  if (section === 'xdp.frags') object.takeFrags();
  object.load();
  return object;
}
