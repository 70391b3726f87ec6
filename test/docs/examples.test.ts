// Every directory of examples/ is a state directory that is valid, applies as it is, and does what its README says.
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { validateState } from '../../src/desired/load-all.js';
import { MemoryObjectStore } from '../../src/disk/object-store.js';
import type { PacketFields } from '../../src/policy/fields/field.js';
import { createLab, type Lab } from '../lab.js';
import { scaled } from '../lab/pace.js';
import { ip } from '../lab/traffic.js';
import { isFrom } from '../support/trying.js';
import { mapValues, reconcile } from '../support/host.js';
import { counts } from '../support/policies.js';
import { arrives, CONNECTION_PROMISES, ENS5 } from './connection-promises.js';

/** What must be seen to believe each README, at the interface that its host file names. */
const PROMISES: Record<string, (lab: Lab) => Promise<void>> = {
  ...CONNECTION_PROMISES,
  'drop-icmp': async (lab) => {
    expect([await lab.ping(3, ENS5), await lab.ping6(2, ENS5)]).toMatchObject([
      { received: 0 },
      { received: 0 },
    ]);
    expect(await lab.connect(80, ENS5)).toBe('refused');
    expect(await counts(lab, ENS5)).toMatchObject({ icmp: 3, ping6: 2 });
  },
  blocklist: async (lab) => {
    await arrives(
      lab,
      {},
      {
        '203.0.113.9': false,
        '198.51.100.66': false,
        '198.51.100.67': true,
        '198.51.100.99': false,
        '203.0.113.10': true,
      },
    );
    expect(await counts(lab, ENS5)).toMatchObject({ allowed: 3, blocked: 9 });
  },
  'syn-flood-limit': async (lab) => {
    const syn = { protocol: 6, destinationPort: 80, tcpFlags: 2 };
    const sources = ['198.51.100.1', '198.51.100.2'];
    const packets = sources.map((source) => ({ ...syn, source: ip(source) }));
    await using through = await lab.capture(ENS5);
    // Longer than what the burst makes of a pause of the sender.
    const flooding = { frames: 1e9, seconds: scaled(2), packets, atOnce: 1024 };
    await using flood = await lab.flood(flooding, ENS5);
    const spans = await flood.spans();
    await lab.send({ ...syn, tcpFlags: 16 }, 20, ENS5);
    await expect.poll(() => through.packets.filter(({ tcpFlags }) => tcpFlags === 16).length).toBe(20);
    for (const [index, source] of sources.entries()) {
      const passed = through.packets.filter((one) => isFrom(one, source)).length;
      const may = 100 + 50 * (spans[index] ?? NaN);
      expect(Math.abs(passed / may - 1), `${passed} of ${may} from ${source}`).toBeLessThan(0.05);
    }
  },
  'scrubbing-redirect': async (lab) => {
    await using scrubber = await lab.captureOutside('veth-scrub');
    await using host = await lab.capture(ENS5);
    const attack = { protocol: 17, destination: ip('192.0.2.80'), sourcePort: 11211, destinationPort: 7 };
    await lab.send(attack, 5, ENS5);
    await lab.send({ ...attack, sourcePort: 7 }, 5, ENS5);
    const echoes = ({ packets }: { packets: PacketFields[] }) =>
      packets.filter(({ destinationPort }) => destinationPort === 7).map(({ sourcePort }) => sourcePort);
    await expect
      .poll(() => [echoes(scrubber), echoes(host)])
      .toEqual([Array(5).fill(11211), Array(5).fill(7)]);
    expect(await counts(lab, ENS5)).toMatchObject({ reflected: 5, fragments: 0 });
  },
  'own-program': async (lab) => {
    expect(await lab.ping(4, ENS5)).toEqual({ sent: 4, received: 4 });
    expect((await mapValues(lab, ENS5, 'protocols'))[1]).toBe(4);
  },
};

const EXAMPLES = readdirSync('examples', { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join('examples', entry.name, 'hosts')))
  .map(({ name }) => name);

interface HostFile {
  name: string;
  interfaces: Record<string, { policy?: string }>;
}
interface PolicyFile {
  rules: { action: { redirect?: { interface: string } } }[];
  tests?: unknown[];
}

interface StateFile<T> {
  path: string;
  text: string;
  file: T;
}

function read(example: string, folder: 'hosts'): StateFile<HostFile>[];
function read(example: string, folder: 'policies'): StateFile<PolicyFile>[];
function read(example: string, folder: string): StateFile<unknown>[] {
  const directory = join('examples', example, folder);
  if (!existsSync(directory)) return [];
  return readdirSync(directory).map((name) => {
    const path = join(directory, name);
    const text = readFileSync(path, 'utf8');
    return { path, text, file: parse(text) as unknown };
  });
}

it('there is a promise to see for each example, and a line in the list of them', () => {
  expect(EXAMPLES.toSorted()).toEqual(Object.keys(PROMISES).toSorted());
  const links = [...readFileSync('examples/README.md', 'utf8').matchAll(/\]\((?!http)([^)]+)\)/g)];
  expect(links.map(([, target]) => target).toSorted()).toEqual([...EXAMPLES, 'ci', 'fail2ban'].toSorted());
});

describe.each(EXAMPLES)('%s', (example) => {
  const hosts = read(example, 'hosts');
  const policies = read(example, 'policies');

  it('is valid and complete: README, schemas, tests of each policy', async () => {
    const stateDir = join('examples', example);
    const { diagnostics } = await validateState({ stateDir, store: new MemoryObjectStore() }, { exec: true });
    expect(diagnostics).toEqual([]);
    const readme = readFileSync(join('examples', example, 'README.md'), 'utf8');
    for (const part of ['**When**', '**To adapt**']) expect(readme).toContain(part);
    expect(hosts).not.toEqual([]);
    for (const { path, text } of [...hosts, ...policies]) {
      const [, schema = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
      expect(existsSync(resolve(dirname(path), schema)), `${path}: ${schema}`).toBe(true);
    }
    for (const { path, file } of policies) expect(file.tests?.length, path).toBeGreaterThan(2);
  });

  it('applies as it is, and keeps its promise', async () => {
    const names = hosts.flatMap(({ file }) => Object.keys(file.interfaces));
    const targets = policies.flatMap(({ file }) =>
      file.rules.flatMap(({ action }) => action.redirect?.interface ?? []),
    );
    const interfaces = [...new Set([...names, ...targets])];
    await using lab = await createLab({ pairs: interfaces });
    cpSync(join('examples', example), lab.state, { recursive: true });

    for (const { file } of hosts) {
      const { stdout } = await lab.run(['lint', '--host', file.name]);
      expect(stdout).toContain('no errors, no warnings');
      const applied = await reconcile(lab, 0, '--host', file.name);
      expect(applied.warnings).toEqual([]);
      const conditions = applied.interfaces.map(({ condition }) => condition);
      expect(conditions).toEqual(Object.keys(file.interfaces).map(() => 'Ready'));
    }
    await PROMISES[example]?.(lab);
    for (const { file } of hosts) {
      expect(await reconcile(lab, 0, '--host', file.name)).toMatchObject({ changed: false });
    }
  });
});
