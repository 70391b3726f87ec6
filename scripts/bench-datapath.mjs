// Prints what a packet costs over the floor (`return XDP_DROP`), by BPF_PROG_TEST_RUN: 1 to 1,000 rules, single-field
// and mixed five-field, with one address pair again and again and with random ones. Needs root and clang.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const ADDRESSES = 4096;
const REPEAT = Number(process.env.REPEAT ?? 30_000);
const ROUNDS = 60;
const root = new URL('..', import.meta.url).pathname;
process.chdir(root);
const dir = mkdtempSync(join(root, 'node_modules', '.bench-'));
try {
  const entry = [
    'kernel/firewall',
    'kernel/testrun',
    'kernel/map-write',
    'kernel/object',
    'policy/compile',
    'policy/packet',
  ]
    .map((module) => `export * from './src/${module}.ts';`)
    .join('\n');
  await build({
    stdin: { contents: entry, resolveDir: root, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile: join(dir, 'core.mjs'),
  });
  const object = join(dir, 'datapath.bpf.o');
  const triplet = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim();
  execFileSync(
    'clang',
    [
      '-O2',
      '-g',
      '-target',
      'bpf',
      '-mcpu=v3',
      `-I/usr/include/${triplet}`,
      '-Ibpf',
      '-c',
      'scripts/bench/datapath.bpf.c',
      '-o',
      object,
    ],
    { stdio: 'inherit' },
  );
  run(await import(join(dir, 'core.mjs')), readFileSync(object));
} finally {
  rmSync(dir, { recursive: true });
}

/** The same sequence in every run. */
function random(seed) {
  return (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}

function range(from, to = from) {
  return [{ from, to }];
}

function rule(name, match) {
  return { name, match, action: { kind: 'drop' }, at: { file: 'bench', line: 1, column: 1 } };
}

function policy(rules) {
  return {
    name: 'bench',
    default: 'pass',
    rules,
    fragments: 'match',
    malformed: 'drop',
    nonIp: 'pass',
    neighborDiscovery: 'pass',
    mode: 'enforce',
    tests: [],
    at: { file: 'bench', line: 1, column: 1 },
  };
}

function cidr(a, length) {
  return {
    family: 4,
    a: length === 0 ? 0 : (a & (0xffffffff << (32 - length))) >>> 0,
    b: 0,
    c: 0,
    d: 0,
    length,
  };
}

/** Rules that ask for one field: the destination port. */
function singleField(count) {
  return policy(
    Array.from({ length: count }, (_, i) =>
      rule(`r${i}`, { protocol: range(6), destinationPort: range(10_000 + i) }),
    ),
  );
}

/** Rules that ask for five fields, each wide enough that packets agree with many rules in part. */
function mixed(count) {
  const next = random(7);
  const set = (length) => ({ cidrs: [cidr(next(2 ** 32) >>> 0, length)], lists: [] });
  return policy(
    Array.from({ length: count }, (_, i) => {
      const port = next(60_000);
      return rule(`r${i}`, {
        protocol: range(next(2) ? 6 : 17),
        source: set([8, 16, 20, 24, 32][next(5)]),
        destination: set([8, 16, 20, 24, 32][next(5)]),
        sourcePort: next(3) ? range(0, 65535) : range(1024 + next(1000), 65535),
        destinationPort: range(port, port + (next(2) ? 0 : next(2000))),
      });
    }),
  );
}

/** As `mixed`, with half of the fields of each rule left open: several hundred rules agree in each field. */
function sparse(count) {
  const next = random(11);
  const full = mixed(count).rules;
  return policy(
    full.map(({ name, match }) => {
      const fields = Object.entries(match).filter(() => next(2) === 1);
      return rule(name, Object.fromEntries(fields.length > 1 ? fields : Object.entries(match)));
    }),
  );
}

function run(core, bytes) {
  const tables = (wanted) => {
    const started = performance.now();
    const unbound = core.compilePolicy(wanted);
    const took = performance.now() - started;
    const slots = new Map(unbound.owners.map(({ row }, index) => [row, index]));
    return { took, tables: core.bindTables(unbound, { slots, ifindexes: new Map(), taiOffset: 0 }) };
  };
  const cost = (wanted, function_, frame, pairs) => {
    const { tables: bound } = tables(wanted);
    const object = core.loadFirewall(bytes, bound, { function: function_ });
    try {
      if (pairs) core.fillArray(object.mapFd('addresses'), 'addresses', pairs, 8);
      const times = Array.from(
        { length: ROUNDS },
        () => core.testRun(object.programFd(), { data: frame, repeat: REPEAT }).duration,
      );
      return Math.min(...times); // whatever else runs on the machine only adds
    } finally {
      object[Symbol.dispose]();
    }
  };
  const last = (wanted) => {
    const { match } = wanted.rules.at(-1);
    return core.buildPacket({
      protocol: match.protocol?.[0].from ?? 6,
      source: match.source && cidr(match.source.cidrs[0].a, 32),
      destination: match.destination && cidr(match.destination.cidrs[0].a, 32),
      sourcePort: match.sourcePort?.[0].to,
      destinationPort: match.destinationPort?.[0].from,
    });
  };
  const miss = core.buildPacket({ destinationPort: 9 });
  const addresses = (wanted) => {
    const next = random(3);
    const of = (field) => {
      const rules = wanted.rules.filter((one) => one.match[field]);
      const a =
        next(2) || rules.length === 0 ? next(2 ** 32) : rules[next(rules.length)].match[field].cidrs[0].a;
      return a >>> 0;
    };
    const pairs = new DataView(new ArrayBuffer(ADDRESSES * 8));
    for (let at = 0; at < ADDRESSES; at++) {
      pairs.setUint32(at * 8, of('source'));
      pairs.setUint32(at * 8 + 4, of('destination'));
    }
    return new Uint8Array(pairs.buffer);
  };
  const floor = cost(policy([]), 'bare_drop', miss);
  console.log(
    `floor ${floor} ns; then ns over the floor: a packet of the last rule, one of no rule, random addresses`,
  );
  for (const [name, make] of [
    ['single-field', singleField],
    ['mixed five-field', mixed],
    ['mixed, fields left open', sparse],
  ]) {
    for (const count of [1, 10, 100, 1000]) {
      const wanted = make(count);
      const hit = cost(wanted, 'firewall', last(wanted)) - floor;
      const missed = cost(wanted, 'firewall', miss) - floor;
      const pairs = addresses(wanted);
      const randomFloor = cost(policy([]), 'floor_random', miss, pairs);
      const randomly = cost(wanted, 'firewall_random', last(wanted), pairs) - randomFloor;
      const { took, tables: bound } = tables(wanted);
      const kilobytes = Math.ceil(bound.blob.length / 1024);
      console.log(
        `${name.padEnd(24)} ${String(count).padStart(5)} rules: ${[hit, missed, randomly].join(' / ')} ns; compiled in ${took.toFixed(0)} ms; KB: ${kilobytes}`,
      );
    }
  }
}
