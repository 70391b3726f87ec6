// Builds dist/: the bundle, the compiled builtin programs and what the host needs beside them.
// Chunks are split, so that `xdpkeep --version` reads a few kilobytes and a reconcile only what it uses.
import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
process.chdir(root);
/** Made beside dist/ and put in its place when it is whole: somebody may be running what is there. */
const fresh = `dist.new-${process.pid}`;
rmSync(fresh, { recursive: true, force: true });

/** koffi looks its native module up by platform at run time; dist/ carries the one of this platform beside the bundle. */
const platform = `${process.platform}-${process.arch}`;
const native = `node_modules/@koromix/koffi-${platform}/${platform.replace('-', '_')}/koffi.node`;
const carryKoffi = {
  name: 'carry-koffi',
  setup(esbuild) {
    esbuild.onLoad({ filter: /koffi\/src\/static\.js$/ }, () => ({
      contents: "export const loadStatic = () => require('./koffi.node');",
    }));
  },
};

await build({
  entryPoints: { xdpkeep: 'src/main.ts' },
  outdir: fresh,
  bundle: true,
  splitting: true,
  minifySyntax: true,
  minifyWhitespace: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  plugins: [carryKoffi],
  external: ['./koffi.node'],
  define: { XDPKEEP_VERSION: JSON.stringify(version) },
  banner: {
    js: "import { createRequire as xdpkeepRequire } from 'node:module'; const require = xdpkeepRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
chmodSync(`${fresh}/xdpkeep.js`, 0o755);
copyFileSync(native, `${fresh}/koffi.node`);

mkdirSync(`${fresh}/bpf`, { recursive: true });
const triplet = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim();
for (const file of readdirSync('bpf').filter((name) => name.endsWith('.bpf.c'))) {
  const object = `${fresh}/bpf/${file.replace(/\.c$/, '.o')}`;
  execFileSync(
    'clang',
    [
      '-O2',
      '-g',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-target',
      'bpf',
      '-mcpu=v3',
      `-I/usr/include/${triplet}`,
    ].concat(['-Ibpf', `-ffile-prefix-map=${root}=.`, '-c', `bpf/${file}`, '-o', object]),
    { stdio: 'inherit' },
  );
  execFileSync('llvm-strip', ['-g', object], { stdio: 'inherit' });
}
cpSync('schema', `${fresh}/schema`, { recursive: true });

/** Pages of the manual and completions are said by the program itself. */
const SAID = {
  'man/xdpkeep.8': ['manual', 'xdpkeep'],
  'man/xdpkeep-state.5': ['manual', 'state'],
  'completion/xdpkeep.bash': ['completion', 'bash'],
  'completion/_xdpkeep': ['completion', 'zsh'],
  'completion/xdpkeep.fish': ['completion', 'fish'],
};
for (const [file, command] of Object.entries(SAID)) {
  mkdirSync(dirname(`${fresh}/${file}`), { recursive: true });
  writeFileSync(`${fresh}/${file}`, execFileSync(process.execPath, [`${fresh}/xdpkeep.js`, ...command]));
}
rmSync('dist', { recursive: true, force: true });
renameSync(fresh, 'dist');
