// The product's own modules in one bundle, and the measuring programs compiled around the product's firewall.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = new URL('../..', import.meta.url).pathname;
const MODULES = [
  'kernel/attach',
  'kernel/connection-tables',
  'kernel/egress',
  'kernel/fd',
  'kernel/ffi',
  'kernel/ffi-maps',
  'kernel/load-policy',
  'kernel/interfaces',
  'kernel/pin-paths',
  'kernel/map-write',
  'kernel/object',
  'kernel/pinned',
  'kernel/recorded',
  'kernel/samples',
  'kernel/testrun',
  'model/connections',
  'policy/compile/compile',
  'policy/packet/build-packet',
  'policy/compile/tap',
];

/** Written into `folder`, which must be inside the repository so that npm packages are found. */
export async function makeCore(folder) {
  await build({
    stdin: {
      contents: MODULES.map((module) => `export * from './src/${module}.ts';`).join('\n'),
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    packages: 'external',
    outfile: join(folder, 'core.mjs'),
  });
  return import(join(folder, 'core.mjs'));
}

/** The bytes of scripts/bench/NAME.bpf.c, compiled. */
export function compileProgram(folder, name) {
  const object = join(folder, `${name}.bpf.o`);
  const triplet = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim();
  const flags = ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', `-I/usr/include/${triplet}`, `-I${root}bpf`];
  execFileSync('clang', [...flags, '-c', `${root}scripts/bench/${name}.bpf.c`, '-o', object], {
    stdio: 'inherit',
  });
  return readFileSync(object);
}

/** What records packets that leave, as it ships. */
export function egressObject() {
  return readFileSync(join(root, 'dist/bpf/egress.bpf.o'));
}

export function articleObject() {
  return readFileSync(join(root, 'dist/bpf/icmp_drop.bpf.o'));
}
