// What `status --memory` says is what the kernel says of each pin, and what two interfaces hold is counted once.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openPin } from '../../src/kernel/pinned.js';
import type { Status } from '../../src/model/status.js';
import { createLab, type Lab } from '../lab.js';
import { document, ICMP_DROP, reconcile, writeHost } from '../support/host.js';
import { policyFile } from '../support/policies.js';

async function memory(lab: Lab): Promise<NonNullable<Status['memory']>> {
  const status = document<Status>(await lab.run(['status', '--memory', '--output', 'json']), 0);
  if (!status.memory) throw new Error('status --memory says nothing of memory');
  return status.memory;
}

/** From fdinfo, below the directory of an interface: pins whose path matches. */
function pinnedBytes(lab: Lab, name: string, wanted: RegExp): number {
  const folder = join(lab.bpffs, 'xdpkeep/interfaces', name);
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    wanted.test(path),
  );
  return paths.reduce((bytes, path) => {
    using fd = openPin(join(folder, path));
    if (!fd) throw new Error(`no pin ${path}`);
    const info = readFileSync(`/proc/self/fdinfo/${fd.number}`, 'utf8');
    return bytes + Number(/^memlock:\s*(\d+)$/m.exec(info)?.[1]);
  }, 0);
}

/** A long list, and the buffer of sampled packets. */
const SHARED = /\/(set\d+|samples)$/;

it('programs and maps of each interface, and a list that two of them hold', async () => {
  await using lab = await createLab({ pairs: 3 });
  const addresses = Array.from({ length: 3000 }, (_, at) => `172.16.${at >> 7}.${(2 * at) & 255}\n`);
  const rules = [{ name: 'listed', match: { source: { list: 'long' } }, action: 'drop' }];
  lab.writeState({
    'lists/long.txt': addresses.join(''),
    'policies/edge.yaml': policyFile('edge', { rules }),
  });
  const policy = 'mode: native, policy: edge';
  const builtin = `mode: native, program: ${ICMP_DROP}`;
  writeHost(lab, { veth0: policy, veth1: policy, veth2: builtin });
  await reconcile(lab);

  const { interfaces, shared, total } = await memory(lab);
  expect(interfaces.map(({ name }) => name)).toEqual(['veth0', 'veth1', 'veth2']);
  for (const { name, programs, maps, shared: held } of interfaces) {
    expect(programs).toBe(pinnedBytes(lab, name, /\/program$/));
    expect(held).toBe(pinnedBytes(lab, name, SHARED));
    // Settings have no pin: more than what is pinned, by less than a page for each.
    const own = pinnedBytes(lab, name, /^counters$|\/maps\/(?!set|samples)/);
    expect(maps).toBeGreaterThanOrEqual(own);
    expect(maps).toBeLessThan(own + 8192);
  }
  const both = { interfaces: ['veth0', 'veth1'] };
  expect(shared.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toMatchObject([
    { name: 'long', ...both },
    { name: 'samples', ...both },
  ]);
  const list = shared.find(({ name }) => name === 'long')?.bytes ?? 0;
  const once = shared.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(list).toBeGreaterThan(3000);
  expect(total).toBe(interfaces.reduce((sum, { programs, maps }) => sum + programs + maps, once));

  const text = (await lab.run(['status', '--memory'])).stdout;
  expect(text).toMatch(/^memory, KiB +programs +own maps +shared maps\nveth0 +\d+ +\d+ +[\d,]+\n/m);
  expect(text).toMatch(/\nlong \(map \d+\): \d+ KiB, once for 2 interfaces\nin all [\d,]+ KiB$/);

  writeHost(lab, { veth0: policy, veth2: builtin });
  await reconcile(lab);
  const alone = await memory(lab);
  expect(alone.shared).toEqual([]);
  expect(alone.interfaces[0]).toMatchObject({ name: 'veth0', shared: 0 });
  expect(alone.interfaces[0]?.maps).toBeGreaterThan(list);
});
