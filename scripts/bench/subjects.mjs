// Programs in the kernel, ready to be run: the floor, the article's, xdp-filter's, and a policy's.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { articleObject } from './core.mjs';
import { addressPairs, policy } from './policies.mjs';

const ADDRESSES = 4096; // as in datapath.bpf.c
const XDP_FILTER_PORT = 9;

export function ip(...args) {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** A veth pair, up; its other end is NAMEp. */
export function addVeth(name) {
  ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
  ip('link', 'set', name, 'up');
  ip('link', 'set', `${name}p`, 'up');
}

/**
 * Compiled, bound and loaded; `function_` is one of datapath.bpf.c, `connections` the tables of a policy that asks. The caller disposes
 * of it.
 */
export function loadPolicy({ core, datapath }, wanted, function_, connections) {
  const unbound = core.compilePolicy(wanted);
  const slots = new Map(unbound.owners.map(({ row }, index) => [row, index]));
  const tables = core.bindTables(unbound, {
    slots,
    ifindexes: new Map(),
    sets: [],
    taiOffset: 0,
    blocks: false,
    frames: { frags: false, noEthernet: false },
  });
  const object = core.loadPolicy(datapath, tables, { function: function_, ofHost: { connections } });
  if (function_.endsWith('_random')) {
    const pairs = addressPairs(wanted, ADDRESSES);
    const map = object.mapFd('addresses');
    for (let at = 0; at < ADDRESSES; at++)
      core.writeEntry(map, 'addresses', at, pairs.subarray(at * 8, at * 8 + 8));
  }
  return object;
}

/** A function of datapath.bpf.c that asks no policy. */
export function loadPlain(context, function_) {
  return loadPolicy(context, policy([]), function_);
}

export function loadArticle({ core }) {
  const object = core.BpfObject.open(articleObject(), 'icmp_drop');
  object.load();
  return object;
}

/**
 * xdp-filter with one port rule, on interfaces of its own in this namespace: with all features as it comes, and with
 * TCP ports only. `missing` says why when it cannot be loaded.
 */
export function loadXdpFilter({ core }) {
  try {
    const programs = {};
    for (const features of ['all', 'tcp']) {
      const device = `xf-${features}`;
      addVeth(device);
      execFileSync('xdp-filter', ['load', device, '-m', 'native', '-f', features], { stdio: 'pipe' });
      const pins = `/sys/fs/bpf/xdp-filter/programs/${device}`;
      programs[features] = core.openPin(`${pins}/${readdirSync(pins)[0]}`).number;
    }
    execFileSync('xdp-filter', ['port', String(XDP_FILTER_PORT), '-p', 'tcp', '-m', 'dst'], {
      stdio: 'pipe',
    });
    return { programs, packet: core.buildPacket({ protocol: 6, destinationPort: XDP_FILTER_PORT }) };
  } catch (error) {
    const reason = error.stderr?.toString().trim() || error.message;
    return { missing: reason.split('\n')[0] };
  }
}
