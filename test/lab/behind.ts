// A third namespace: a host behind the firewall's side, which forwards for it. The other end of a pair moves there with its addresses.
// needs: lab
import { writeFileSync } from 'node:fs';
import type { Lab } from '../lab.js';
import { must } from './exec.js';
import { enter } from './network.js';
import { opens } from './open.js';

export interface Behind extends AsyncDisposable {
  namespace: string;
}

/** The host at the other end of `inside`; the world outside reaches it by way of `outside`. To be let go before the lab. */
export async function putBehind(lab: Lab, inside: string, outside: string): Promise<Behind> {
  const namespace = `${lab.name}-behind`;
  const [pair, way] = [lab.pair(inside), lab.pair(outside)];
  await must('ip', ['netns', 'add', namespace]);
  let there = true;
  const remove = async () => {
    if (!there) return;
    there = false;
    // A pair ends with a namespace that one end of it is in.
    await must('ip', ['-n', namespace, 'link', 'set', pair.peer, 'netns', lab.network.outside]);
    await must('ip', ['netns', 'del', namespace]);
  };
  const closed = opens(`namespace ${namespace}`, remove);
  const run = async (where: string, lines: string[]) => {
    await must('ip', ['-n', where, '-batch', '-'], { input: `${lines.join('\n')}\n` });
  };
  await run(lab.network.outside, [`link set ${pair.peer} netns ${namespace}`]);
  await run(namespace, [
    'link set lo up',
    `address add ${pair.peerAddress}/24 dev ${pair.peer}`,
    `address add ${pair.peerAddress6}/64 dev ${pair.peer} nodad`,
    `link set ${pair.peer} up`,
    `route add default via ${pair.address}`,
    `route add ::/0 via ${pair.address6}`,
  ]);
  await run(lab.network.outside, [
    `route add ${pair.peerAddress} via ${way.address}`,
    `route add ${pair.peerAddress6} via ${way.address6}`,
  ]);
  await enter(lab.network.firewall, () => {
    for (const path of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding'])
      writeFileSync(`/proc/sys/net/${path}`, '1');
  });
  return {
    namespace,
    [Symbol.asyncDispose]: async () => {
      await remove();
      closed();
    },
  };
}
