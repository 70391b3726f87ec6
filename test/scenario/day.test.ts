// A day of a timer that fires every minute and finds nothing to do: 1,440 passes leave no trace. A process for each
// would take six minutes, so most of them are made by one process, which shows besides that `--watch` holds on to
// nothing; what only a process of its own can leave behind (temporary files, locks) some dozens of them show.
// `npm run soak` makes all 1,440 with a process each.
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { createLab, type Lab } from '../lab.js';
import { finish, within } from '../lab/exec.js';
import { collectPinned } from '../lab/residue.js';
import { document, hostFile } from '../support/host.js';

const DAY = 1440;
const PROCESSES = process.env['XDPKEEP_SOAK'] === undefined ? 24 : DAY;
/** What a process may come to need once its heap has settled. Bytes. */
const HEADROOM = { heapUsed: 8 << 20, arrayBuffers: 8 << 20, rss: 32 << 20 };

interface Held {
  run: number;
  heapUsed: number;
  arrayBuffers: number;
  rss: number;
  descriptors: number;
}

/** Everything that a pass could leave behind; times of files too, for what is written without need. */
async function census(lab: Lab, temporary: string) {
  const below = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  const held = { programs: new Set<number>(), maps: new Set<number>(), links: new Set<number>() };
  collectPinned(lab.bpffs, held);
  return {
    held,
    pinned: below(lab.bpffs),
    attached: (await lab.netShow()).xdp,
    files: below(lab.dataDir).map((path) => {
      // What state files were resolved to is remembered for one build: the bundle's is not that of a test's child.
      if (path.includes('/objects/states/')) return [path];
      return [path, statSync(path).size, statSync(path).mtimeMs];
    }),
    journal: readFileSync(join(lab.dataDir, 'journal.ndjson'), 'utf8').length,
    temporary: readdirSync(temporary),
  };
}

const POLICY = `apiVersion: xdpkeep/v1
kind: Policy
name: edge
rules:
  - {name: blocked, match: {source: {list: blocked}}, action: drop}
  - {name: no-ping, match: {protocol: icmp}, action: drop}
`;

it(
  'a day of passes with nothing to do leaves no trace',
  { timeout: PROCESSES === DAY ? 3_600_000 : 600_000 },
  async () => {
    await using lab = await createLab({ pairs: 2 });
    const addresses = Array.from(
      { length: 20_000 },
      (_, at) => `10.${at >> 14}.${(at >> 6) & 255}.${(at & 63) * 4}`,
    );
    lab.writeState({
      'hosts/lab.yaml': hostFile({ veth0: 'policy: edge', veth1: 'program: {builtin: icmp-drop}' }),
      'policies/edge.yaml': POLICY,
      'lists/blocked.txt': `${addresses.join('\n')}\n`,
    });
    const temporary = join(lab.directory, 'tmp');
    mkdirSync(temporary);
    const env = { TMPDIR: temporary };
    const run = async () => document(await lab.run(['reconcile', '--output', 'json'], { env }), 0);
    expect(await run()).toMatchObject({ changed: true });
    expect(await run()).toMatchObject({ changed: false });
    const before = await census(lab, temporary);

    for (let at = 0; at < PROCESSES; at++) expect(await run()).toMatchObject({ changed: false });
    expect(await census(lab, temporary)).toEqual(before);
    if (PROCESSES === DAY) return;

    const passes = [join(inject('children'), 'passes.mjs'), String(DAY), lab.state, lab.bpffs, lab.dataDir];
    const command = within(lab.network.firewall, [process.execPath, '--expose-gc', ...passes]);
    const { exitCode, stdout, stderr } = await finish(...command, { timeout: 500_000, env });
    expect(exitCode, stderr).toBe(0);
    const held = stdout.split('\n').map((line) => JSON.parse(line) as Held);
    expect(held.map(({ run }) => run)).toEqual(Array.from({ length: 10 }, (_, at) => ((at + 1) * DAY) / 10));
    const [, settled, last] = [held[0], held[1], held.at(-1)];
    expect(last?.descriptors).toBe(settled?.descriptors);
    for (const [kind, room] of Object.entries(HEADROOM) as [keyof typeof HEADROOM, number][]) {
      expect((last?.[kind] ?? 0) - (settled?.[kind] ?? 0), `${kind}\n${stdout}`).toBeLessThan(room);
    }
    expect(await census(lab, temporary)).toEqual(before);
  },
);
