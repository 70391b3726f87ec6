// What a router forwards at the first attach, with masquerade: conntrack knows it, so the tables begin with it. Its clients say nothing from then
// on: what comes in for them comes in by the table alone, since there is no grace window here.
// needs: iptables lab
import { expect, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { putBehind } from '../lab/behind.js';
import { listening, within } from '../lab/exec.js';
import { hostFile, reconcile, status } from '../support/host.js';
import { counts, policyFile } from '../support/policies.js';

const KNOWN = {
  default: 'drop',
  rules: [{ name: 'known', match: { connection: ['established', 'related'] }, action: 'pass' }],
};

/** Of the world: says each line to who has spoken to it by UDP, and to who has connected by TCP. */
const SPEAK = `
const [address, port] = process.argv.slice(1);
const udp = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
let asker, stream;
udp.on('message', (text, from) => { asker = from; udp.send(text, from.port, from.address); });
udp.bind(Number(port), address);
require('node:net').createServer((socket) => {
  stream = socket;
  socket.on('error', () => undefined);
}).listen(Number(port), address, () => console.log('ready'));
process.stdin.on('data', (text) => {
  stream.write('tcp ' + text);
  udp.send('udp ' + text, asker.port, asker.address);
});
`;
/** Behind the router: speaks once by each, and then prints what it hears. */
const HEAR = `
const [address, port] = process.argv.slice(1);
const udp = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
udp.on('message', (text) => process.stdout.write(text));
require('node:net').connect(Number(port), address, () => udp.send('ready\\n', Number(port), address))
  .on('data', (text) => process.stdout.write(text))
  .on('error', () => undefined);
`;

function start(namespace: string, code: string, address: string) {
  const running = listening(...within(namespace, [process.execPath, '-e', code, address, '7007']));
  let heard = '';
  running.stdout.on('data', (text) => (heard += String(text)));
  return {
    say: (line: string) => running.stdin.write(`${line}\n`),
    heard: () => heard.split('\n').slice(0, -1),
    [Symbol.asyncDispose]: async () => {
      running.kill('SIGKILL');
      await Promise.allSettled([running]);
    },
  };
}

function write(lab: Lab): void {
  const native = 'mode: native, policy: edge';
  lab.writeState({
    'policies/edge.yaml': policyFile('edge', KNOWN),
    'hosts/lab.yaml': `${hostFile({ veth0: native })}connections: {grace: 0s}\n`,
  });
}

it.each(['peerAddress', 'peerAddress6'] as const)(
  'flows with masquerade live on: %s',
  async (end) => {
    await using lab = await createLab({ pairs: 2 });
    await using behind = await putBehind(lab, 'veth1', 'veth0');
    for (const tool of ['iptables', 'ip6tables'])
      await lab.exec(tool, '-w', '-t', 'nat', '-A', 'POSTROUTING', '-o', 'veth0', '-j', 'MASQUERADE');
    const peer = lab.pair('veth0')[end];
    await using speaker = start(lab.network.outside, SPEAK, peer);
    await expect.poll(() => speaker.heard()).toEqual(['ready']);
    await using hearer = start(behind.namespace, HEAR, peer);
    await expect.poll(() => hearer.heard()).toEqual(['ready']);

    write(lab);
    await reconcile(lab);
    expect((await status(lab)).connections).not.toHaveProperty('grace');
    const before = (await counts(lab))['known'] ?? 0;
    for (const line of ['one', 'two', 'three']) {
      speaker.say(line);
      await expect.poll(() => hearer.heard()).toEqual(expect.arrayContaining([`tcp ${line}`, `udp ${line}`]));
    }
    expect((await counts(lab))['known']).toBeGreaterThanOrEqual(before + 6);
  },
  60_000,
);
