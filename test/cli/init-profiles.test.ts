// What `init --profile` writes is valid, wants nothing, and its packet tests pass; once an interface has it, the host serves and asks by
// real sockets, and strangers stay out.
// needs: lab
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCommandLine } from '../../src/cli/program.js';
import { PROFILES } from '../../src/cli/profiles.js';
import { runValidate } from '../../src/cli/validate.js';
import { createLab, type Lab } from '../lab.js';
import { putBehind } from '../lab/behind.js';
import { connect } from '../lab/traffic.js';
import { scratch } from '../desired/state-dir.js';
import { asks, strangersStayOut } from '../support/trying.js';
import { ANSWER, askFrom, serve, serveIn } from '../support/datagrams.js';
import { reconcile } from '../support/host.js';
import { ECHO, talkFrom } from '../support/streams.js';

type Profile = (typeof PROFILES)[number];

const OUTSIDE = 'eth0';
const INTERFACES: Record<Profile, string[]> = {
  server: [OUTSIDE],
  router: [OUTSIDE, 'eth1'],
  client: [OUTSIDE],
};

/** What must be seen of each kind of host. */
const PROMISES: Record<Profile, (lab: Lab) => Promise<void>> = {
  server: async (lab) => {
    for (const port of [22, 80]) {
      await using open = await lab.converse(OUTSIDE, port);
      expect(await open.say('hello')).toBe('hello');
    }
    await closed(lab, 5432);
  },
  client: (lab) => closed(lab, 5432),
  router: async (lab) => {
    await closed(lab, 5432);
    await using behind = await putBehind(lab, 'eth1', OUTSIDE);
    const { peerAddress: host } = lab.pair('eth1');
    const { peerAddress: world, peerAddress6: world6 } = lab.pair(OUTSIDE);
    await using _echo = await serve(lab, ECHO, world, 7007);
    await using _answer = await serve(lab, ANSWER, world6, 7053, 5);
    expect(await talkFrom(behind.namespace, world, 7007)).toBe('hello');
    expect(await askFrom(behind.namespace, world6, 7053)).toBe('aaaaa');
    await using _hidden = await serveIn(behind.namespace, ECHO, host, 5432);
    expect(await connect(lab.network, host, 5432)).toBe('silence');
  },
};

/** Though somebody listens there. Port 22 is open to this neighbour: the starter protects it. */
async function closed(lab: Lab, port: number): Promise<void> {
  await using _open = await serveIn(lab.network.firewall, ECHO, '0.0.0.0', port);
  expect(await lab.connect(port, OUTSIDE)).toBe('silence');
}

async function init(profile: Profile, state: string, host: string): Promise<void> {
  const ran = await runCommandLine(['init', state, '--host', host, '--profile', profile], '1.2.3');
  expect(ran).toMatchObject({ exitCode: 0 });
}

it.each(PROFILES)('%s: valid as it is written, and wants nothing', async (profile) => {
  const state = join(scratch(), 'state');
  await init(profile, state, 'edge-1');
  expect(readFileSync(join(state, 'hosts/edge-1.yaml'), 'utf8')).toContain('\ninterfaces: {}\n');
  expect(await runValidate({ state, output: 'text', color: false })).toMatchObject({ exitCode: 0 });
  const named = readFileSync(join(state, 'README.md'), 'utf8').match(/policies\/\w+\.yaml/g) ?? [];
  expect(readdirSync(join(state, 'policies')).map((name) => `policies/${name}`)).toEqual(
    expect.arrayContaining(named),
  );
  expect(named).not.toEqual([]);
});

it.each(PROFILES)('%s: on a host it serves and asks, and strangers stay out', async (profile) => {
  await using lab = await createLab({ pairs: INTERFACES[profile] });
  await init(profile, lab.state, 'lab');
  expect(await reconcile(lab)).toMatchObject({ changed: false });
  const tested = await lab.run(['test']);
  expect(tested).toMatchObject({ exitCode: 0 });
  expect(tested.stdout).toMatch(/^[1-9]\d* tests of \d polic(y|ies), 0 failed; decided by: kernel$/m);

  const file = join(lab.state, 'hosts/lab.yaml');
  const [before = '', after = ''] = readFileSync(file, 'utf8').split('interfaces: {}\n');
  writeFileSync(file, before + after.replace(/^# /gm, ''));
  const { stdout } = await lab.run(['lint']);
  expect(stdout).toContain('no errors, no warnings');
  const applied = await reconcile(lab);
  expect(applied.warnings).toEqual([]);
  expect(applied.interfaces.map(({ name, condition }) => [name, condition])).toEqual(
    INTERFACES[profile].map((name) => [name, 'Ready']),
  );
  await asks(lab, OUTSIDE);
  await PROMISES[profile](lab);
  await strangersStayOut(lab, OUTSIDE);
  expect(await lab.ping(3, OUTSIDE)).toMatchObject({ received: 3 });
});

it('a kind that there is not is refused, with those that there are', async () => {
  const ran = await runCommandLine(['init', join(scratch(), 'state'), '--profile', 'mail'], '1.2.3');
  expect(ran).toMatchObject({ exitCode: 64 });
  expect(ran.err).toContain('server, router, client');
});
