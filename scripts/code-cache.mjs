// Writes DIST/code/<version>-<arch>: what V8 of this very Node makes of DIST/program.cjs, for src/bundle.ts to load instead
// of compiling. Only functions that were called meanwhile are in it, so commands are run first: those that need no rights,
// and, for root in network and mount namespaces that end with it, a reconcile. What was not called is compiled when it is.
// For another Node: `other-node scripts/code-cache.mjs DIST`.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

const [dist, isApart] = [resolve(process.argv[2] ?? 'dist'), process.argv[3] === '--apart'];
const self = fileURLToPath(import.meta.url);

const HOST = `apiVersion: xdpkeep/v1
kind: Host
name: warm
interfaces:
  warm0: {mode: native, policy: warm}
  warm1: {mode: generic, program: {builtin: icmp-drop}}
protect:
  - {protocol: tcp, source: 10.0.0.0/8, destinationPort: 179}
`;

/** Long enough for a map of its own. */
const LIST = ['2001:db8::/32', ...Array.from({ length: 256 }, (_, at) => `100.64.${at}.1`)].join('\n');

function policy(port) {
  return `apiVersion: xdpkeep/v1
kind: Policy
name: warm
rules:
  - name: listed
    match: {source: {list: warm}}
    action: drop
  - name: port
    match: {protocol: tcp, destination: [203.0.113.0/24], destinationPort: [${port}, 8000-8080]}
    action: drop
tests:
  - {name: port, packet: {protocol: tcp, destination: 203.0.113.1, destinationPort: ${port}}, expect: drop, rule: port}
`;
}

if (isApart || !runApart()) await writeCode();

/** False when that is not possible here, which surprises nobody who is not root. */
function runApart() {
  if (process.getuid?.() !== 0) return false;
  const enter = 'mount -t bpf bpf /sys/fs/bpf && exec "$@"';
  const command = ['sh', '-c', enter, 'sh', process.execPath, self, dist, '--apart'];
  const options = { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' };
  const { status, error, stderr } = spawnSync('unshare', ['--net', '--mount', ...command], options);
  if (status === 0) return true;
  const why = error?.message ?? /^(?:\w*Error|unshare|mount): .+$/m.exec(stderr)?.[0] ?? `exit ${status}`;
  console.error(`code-cache: nothing was attached to warm up with, so starts will be slower: ${why}`);
  return false;
}

async function writeCode() {
  const path = join(dist, 'program.cjs');
  const bundle = readFileSync(path);
  // V8 forgets code that was not called for a while, and refuses code of other flags than those it finds.
  setFlagsFromString('--no-flush-bytecode');
  const script = new Script(bundle.toString('latin1'), { filename: path });
  const load = script.runInThisContext();
  await warmUp(load({}, createRequire(path), pathToFileURL(path).href).runCommandLine);
  setFlagsFromString('--flush-bytecode');
  const code = script.createCachedData();
  const seal = createHash('sha256').update(bundle).update(code).digest();
  mkdirSync(join(dist, 'code'), { recursive: true });
  writeFileSync(join(dist, `code/${process.version}-${process.arch}`), Buffer.concat([seal, code]));
}

async function warmUp(runCommandLine) {
  for (const name of Object.keys(process.env)) if (name.startsWith('XDPKEEP_')) delete process.env[name];
  const work = mkdtempSync(join(tmpdir(), 'xdpkeep-code-'));
  const flags = ['--state', work, '--host', 'warm', '--data-dir', join(work, 'data')];
  const run = async (...args) => {
    const { exitCode, err } = await runCommandLine([...args, ...flags], '');
    if (exitCode !== 0) throw new Error(`xdpkeep ${args.join(' ')}: exit ${exitCode}: ${err}`);
  };
  try {
    for (const folder of ['hosts', 'policies', 'lists']) mkdirSync(join(work, folder));
    writeFileSync(join(work, 'hosts/warm.yaml'), HOST);
    writeFileSync(join(work, 'lists/warm.txt'), LIST);
    writeFileSync(join(work, 'policies/warm.yaml'), policy(22));
    for (const command of ['validate', 'lint']) await run(command);
    if (!isApart) return;
    execFileSync('ip', ['link', 'add', 'warm0', 'type', 'veth', 'peer', 'name', 'warm1']);
    await run('reconcile', '--dry-run');
    await run('reconcile');
    writeFileSync(join(work, 'policies/warm.yaml'), policy(23));
    for (const command of ['reconcile', 'reconcile', 'status', 'counters', 'test']) await run(command);
  } finally {
    rmSync(work, { recursive: true });
  }
}
