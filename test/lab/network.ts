// Two network namespaces joined by veth pairs: the firewall's, and the world outside it.
// needs: lab
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';
import { must } from './exec.js';
import { opens } from './open.js';

/** One veth pair. `name` is in the firewall's namespace, `peer` in the world outside. */
export interface Pair {
  name: string;
  peer: string;
  address: string;
  peerAddress: string;
  address6: string;
  peerAddress6: string;
}

export interface Network {
  firewall: string;
  outside: string;
  pairs: Pair[];
}

/** Namespaces `<name>` and `<name>-outside`, with everything up. */
export async function makeNetwork(name: string, pairs: number | string[]): Promise<Network> {
  const network: Network = { firewall: name, outside: `${name}-outside`, pairs: [] };
  for (const namespace of [network.firewall, network.outside]) {
    await must('ip', ['netns', 'add', namespace]);
    await batch(namespace, ['link set lo up']);
  }
  const names = typeof pairs === 'number' ? Array<undefined>(pairs).fill(undefined) : pairs;
  for (const [index, one] of names.entries()) network.pairs.push(await makePair(network, index, one));
  return network;
}

/**
 * Adds pair number `index`: `veth<index>` with 10.77.<index>.1 and fd77:<index>::1, and `peer<index>` with 10.77.<index>.2
 * and fd77:<index>::2.
 */
export async function makePair(
  { firewall, outside }: Network,
  index: number,
  name = `veth${index}`,
): Promise<Pair> {
  const pair: Pair = {
    name,
    peer: `peer${index}`,
    address: `10.77.${index}.1`,
    peerAddress: `10.77.${index}.2`,
    address6: `fd77:${index}::1`,
    peerAddress6: `fd77:${index}::2`,
  };
  await batch(firewall, [
    `link add ${pair.name} type veth peer name ${pair.peer} netns ${outside}`,
    `address add ${pair.address}/24 dev ${pair.name}`,
    `address add ${pair.address6}/64 dev ${pair.name} nodad`,
    `link set ${pair.name} up`,
  ]);
  await batch(outside, [
    `address add ${pair.peerAddress}/24 dev ${pair.peer}`,
    `address add ${pair.peerAddress6}/64 dev ${pair.peer} nodad`,
    `link set ${pair.peer} up`,
  ]);
  return pair;
}

async function batch(namespace: string, lines: string[]): Promise<void> {
  await must('ip', ['-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

const setns = koffi.load('libc.so.6').func('int setns(int fd, int kind)') as (
  fd: number,
  kind: number,
) => number;
const CLONE_NEWNET = 0x40000000;

/** Runs `action` with this process (its main thread, and the children that it starts) in the namespace. */
export async function enter<T>(namespace: string, action: () => T | Promise<T>): Promise<T> {
  const home = openSync('/proc/self/ns/net', 'r');
  const there = openSync(`/var/run/netns/${namespace}`, 'r');
  let away = true;
  const back = () => {
    if (away) move(home);
    away = false;
  };
  const closed = opens(`being in ${namespace}`, back);
  try {
    move(there);
    return await action();
  } finally {
    back();
    closed();
    closeSync(there);
    closeSync(home);
  }
}

function move(fd: number): void {
  if (setns(fd, CLONE_NEWNET) !== 0) throw new Error(`setns: errno ${koffi.errno()}`);
}
