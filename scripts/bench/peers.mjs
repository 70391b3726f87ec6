// The others that know lists of addresses, each filled by the quickest way that it has: nft and ipset through their own
// files, the kernel's LPM trie in batches, xdp-filter command by command. Everything in this network namespace.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { untilTrue, writePieces } from './commands.mjs';
import { createTrie, removeAll, trieKeys, writeAll } from './maps.mjs';
import { addVeth } from './subjects.mjs';

const never = () => false;
/** Seconds that a change may take; timeout(1) ends with 124 then. */
export const PATIENCE = 30;
const quietly = (command, ...args) =>
  execFileSync(command, args, { stdio: 'pipe', maxBuffer: 1 << 30 }).toString();

/**
 * Each peer: `fill` and `change` give `{ ended, peak? }`, `reached` the packets that no set has decided, `memory` bytes
 * (the kernel does not say what an nft set takes), and `remove` cleans up.
 */
export function makeNft(work, list, interval) {
  const { family, prefixes } = list.wanted;
  const file = join(work, 'bench.nft');
  // Prefixes lie in one another.
  const flags = interval ? ` flags interval;${prefixes ? ' auto-merge;' : ''}` : '';
  const type = `type ipv${family}_addr;${flags}`;
  const ask = family === 4 ? 'ip saddr' : 'ip6 saddr';
  const chain = `type filter hook prerouting priority raw;`;
  const run = (...limit) => untilTrue(never, ...limit, 'nft', '-f', file);
  return {
    family,
    empty() {
      writeFileSync(
        file,
        `table inet bench {\n set s { ${type} }\n chain c { ${chain} ${ask} @s counter drop; counter drop; }\n}\n`,
      );
      quietly('nft', '-f', file);
    },
    fill() {
      writePieces(file, elements(list, list.indexes(), 'add'));
      return run();
    },
    change(version) {
      const { added, removed } = list.step(version);
      writePieces(file, [...elements(list, removed, 'delete'), ...elements(list, added, 'add')]);
      return run('timeout', String(PATIENCE));
    },
    reached: () =>
      Number(/^\s*counter packets (\d+)/m.exec(quietly('nft', 'list', 'chain', 'inet', 'bench', 'c'))[1]),
    remove: () => quietly('nft', 'delete', 'table', 'inet', 'bench'),
  };
}

function* elements(list, indexes, verb) {
  yield `${verb} element inet bench s {\n`;
  let piece = [];
  for (const index of indexes) {
    piece.push(`${list.text(index)},\n`);
    if (piece.length < 50_000) continue;
    yield piece.join('');
    piece = [];
  }
  yield `${piece.join('')}}\n`;
}

export function makeIpset(work, list) {
  const { family, count, prefixes } = list.wanted;
  const file = join(work, 'bench.ipset');
  const inet = family === 4 ? 'inet' : 'inet6';
  const tables = family === 4 ? 'iptables' : 'ip6tables';
  const create = `create bench hash:${prefixes ? 'net' : 'ip'} family ${inet} hashsize ${count} maxelem ${2 * count}\n`;
  const lines = (indexes, verb) => indexes.map((at) => `${verb} bench ${list.text(at)}\n`).join('');
  const run = () => untilTrue(never, 'ipset', 'restore', '-exist', '-file', file);
  return {
    family,
    empty() {
      writeFileSync(file, create);
      quietly('ipset', 'restore', '-file', file);
      for (const rule of [
        ['-m', 'set', '--match-set', 'bench', 'src', '-j', 'DROP'],
        ['-j', 'DROP'],
      ])
        quietly(tables, '-t', 'raw', '-A', 'PREROUTING', ...rule);
    },
    fill() {
      writePieces(
        file,
        list.lines(0, (one) => `add bench ${one}`),
      );
      return run();
    },
    change(version) {
      const { added, removed } = list.step(version);
      writeFileSync(file, lines(removed, 'del') + lines(added, 'add'));
      return run();
    },
    reached: () =>
      Number(
        /^\s*(\d+).*DROP((?!match-set).)*$/m.exec(quietly(tables, '-t', 'raw', '-nvxL', 'PREROUTING'))[1],
      ),
    memory: () => Number(/^Size in memory: (\d+)/m.exec(quietly('ipset', 'list', '-terse', 'bench'))[1]),
    remove() {
      quietly(tables, '-t', 'raw', '-F', 'PREROUTING');
      quietly('ipset', 'destroy', 'bench');
    },
  };
}

export function makeTrie(core, list) {
  const { family, count } = list.wanted;
  const bytes = family === 4 ? 4 : 16;
  const map = createTrie(core, bytes, count + 2 * list.changes);
  const write = (indexes) => {
    const keys = trieKeys(list, indexes, bytes);
    writeAll(map.number, keys, new Uint8Array(4 * indexes.length), indexes.length);
  };
  const timed = (work) => {
    const started = performance.now();
    work();
    return { ended: performance.now() - started };
  };
  return {
    map,
    fill: () => timed(() => write([...list.indexes()])),
    change(version) {
      const { added, removed } = list.step(version);
      return timed(() => {
        write(added);
        removeAll(map.number, trieKeys(list, removed, bytes), removed.length);
      });
    },
    memory: () =>
      Number(/^memlock:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${map.number}`, 'utf8'))[1]),
    remove: () => map[Symbol.dispose](),
  };
}

/** Command by command is all that it offers: only for short lists. */
export function makeXdpFilter(core, list) {
  const device = 'xfscale';
  addVeth(device);
  quietly('xdp-filter', 'load', device, '-m', 'native');
  const pins = `/sys/fs/bpf/xdp-filter/programs/${device}`;
  const program = core.openPin(`${pins}/${readdirSync(pins)[0]}`);
  return {
    program,
    fill() {
      const started = performance.now();
      for (const index of list.indexes()) quietly('xdp-filter', 'ip', list.text(index), '-m', 'src');
      return { ended: performance.now() - started };
    },
    remove: () => quietly('xdp-filter', 'unload', device),
  };
}
