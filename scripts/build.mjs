// Builds dist/: the bundle, the compiled builtin programs and what the host needs beside them.
// The entry is small, so that `xdpkeep --version` reads a few kilobytes; all else is one bundle, with the code that V8 makes
// of it for the Node that builds.
import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
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

/** Names this build: of whatever was made by another one, nothing is believed. */
function digestSources() {
  const hash = createHash('sha256').update(readFileSync('package-lock.json'));
  for (const [folder, source] of [
    ['src', /\.ts$/],
    ['bpf', /\.[ch]$/],
  ]) {
    const files = readdirSync(folder, { recursive: true }).filter((name) => source.test(name));
    for (const file of files.sort()) hash.update(file).update(readFileSync(`${folder}/${file}`));
  }
  return hash.digest('hex');
}

const common = {
  outdir: fresh,
  bundle: true,
  minifySyntax: true,
  minifyWhitespace: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  define: { XDPKEEP_VERSION: JSON.stringify(version), XDPKEEP_BUILD: JSON.stringify(digestSources()) },
  logLevel: 'warning',
};
await build({ ...common, entryPoints: { xdpkeep: 'src/main.ts' } });
// One function, called by src/bundle.ts. A module in it is run when it is first imported, as if it were a file of its own.
await build({
  ...common,
  entryPoints: { program: 'src/cli/program.ts' },
  outExtension: { '.js': '.cjs' },
  supported: { 'dynamic-import': false },
  plugins: [carryKoffi],
  external: ['./koffi.node'],
  define: { ...common.define, 'import.meta.url': 'bundleUrl' },
  banner: { js: '(function(module,require,bundleUrl){' },
  footer: { js: 'return module.exports})' },
});
// A process of its own, which comes before each command that state files bring: it has to start fast.
await build({
  ...common,
  entryPoints: { confine: 'src/kernel/confine.ts' },
  plugins: [carryKoffi],
  external: ['./koffi.node'],
  define: { ...common.define, 'import.meta.url': 'bundleUrl' },
  banner: { js: "const bundleUrl=require('node:url').pathToFileURL(__filename);" },
});
await build({
  entryPoints: ['src/page/page.ts'],
  outdir: `${fresh}/page`,
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  logLevel: 'warning',
});
for (const file of ['index.html', 'icon.svg']) copyFileSync(`src/page/${file}`, `${fresh}/page/${file}`);
const css = ['node_modules/uplot/dist/uPlot.min.css', 'src/page/page.css'].map((file) =>
  readFileSync(file, 'utf8'),
);
writeFileSync(`${fresh}/page/page.css`, css.join('\n'));
// dist/ says itself what its files are, wherever it is put: the module system that starts sooner.
writeFileSync(`${fresh}/package.json`, '{ "type": "commonjs" }\n');
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
    ].concat(['-Ibpf', `-ffile-prefix-map=${root.slice(0, -1)}=.`, '-c', `bpf/${file}`, '-o', object]),
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
execFileSync(process.execPath, ['scripts/code-cache.mjs', fresh], { stdio: 'inherit' });
rmSync('dist', { recursive: true, force: true });
renameSync(fresh, 'dist');
