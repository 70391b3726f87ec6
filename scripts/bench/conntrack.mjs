// Conntrack of this network namespace, made to know flows: it sleeps until a rule asks for it, so there is one, and packets of each
// flow are sent into the network stack. Nothing of it is left when the namespace ends.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { addVeth, ip } from './subjects.mjs';

const DEVICE = 'bench-ct';
const ROUNDS = 20;
const RULES = ['INPUT -m conntrack --ctstate INVALID -j DROP', 'OUTPUT -j DROP'];
const SYSCTL = '/proc/sys/net/netfilter';

/**
 * `inject` sends `frames` packets of the flows, `known` of which are different, and `answer` is one of an answer to the first. Throws when
 * conntrack does not know them all.
 */
export function fillConntrack(core, { inject, next }, { host, data, answer, frames, known }) {
  for (const rule of RULES) execFileSync('iptables', ['-w', '-A', ...rule.split(' ')], { stdio: 'pipe' });
  writeFileSync(`${SYSCTL}/nf_conntrack_udp_timeout`, '3600'); // seconds: longer than this run
  writeFileSync(`${SYSCTL}/nf_conntrack_checksum`, '0'); // the packets have the sums of other addresses
  addVeth(DEVICE);
  ip('link', 'set', DEVICE, 'address', '02:00:00:00:00:01'); // as the frames are addressed
  ip('address', 'add', `${host}/32`, 'dev', DEVICE);
  for (const name of ['all', DEVICE]) writeFileSync(`/proc/sys/net/ipv4/conf/${name}/rp_filter`, '0');
  const { ifindex } = core.listInterfaces().find(({ name }) => name === DEVICE);
  const count = () => Number(readFileSync(`${SYSCTL}/nf_conntrack_count`, 'utf8'));
  // Some packets get lost on the way.
  for (let round = 0; round < ROUNDS && count() < known; round++)
    core.liveFrames(next.programFd(), { data, ingressIfindex: ifindex, repeat: frames });
  core.liveFrames(inject.programFd(), { data: answer, ingressIfindex: ifindex, repeat: 64 });
  if (count() < known) throw new Error(`conntrack knows ${count()} of ${known} flows`);
}
