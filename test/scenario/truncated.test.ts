// A host file that was cut off, at every byte: it is refused, or it is a smaller wish that the prune guard looks at.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadHost } from '../../src/desired/load.js';
import { MemoryObjectStore } from '../../src/disk/object-store.js';
import { XdpkeepError } from '../../src/model/errors.js';
import { createLab, type Lab } from '../lab.js';
import { passCode } from '../support/pass.js';

/** One field a line: cut off between two of them, it may still be whole. */
const HOST = `apiVersion: xdpkeep/v1
kind: Host
name: lab
interfaces:
  veth0:
    mode: native
    program:
      builtin: icmp-drop
  veth1:
    mode: native
    program:
      builtin: icmp-drop
  veth2:
    mode: native
    program:
      builtin: icmp-drop
`;

it('never detaches more than the guard lets through, and never is a bug', async () => {
  await using lab = await createLab({ pairs: 3 });
  lab.writeState({ 'hosts/lab.yaml': HOST });
  expect(await passCode(lab)).toBe(0);
  const accepted = new Map<number, number>();
  for (let size = 0; size < HOST.length; size++) {
    writeFileSync(join(lab.state, 'hosts/lab.yaml'), HOST.slice(0, size));
    const wanted = await interfacesWanted(lab);
    if (wanted !== undefined) accepted.set(size, wanted);
  }
  expect(accepted.size).toBeGreaterThan(0);
  expect(accepted.size).toBeLessThan(HOST.length / 10);
  for (const [size, wanted] of accepted) {
    writeFileSync(join(lab.state, 'hosts/lab.yaml'), HOST.slice(0, size));
    expect(await passCode(lab), `${size} bytes`).toBe(wanted === 1 ? 15 : 0);
    expect((await lab.netShow()).xdp.length).toBe(wanted === 1 ? 3 : wanted);
    writeFileSync(join(lab.state, 'hosts/lab.yaml'), HOST);
    expect(await passCode(lab)).toBe(0);
  }
});

/** How many entries the file has; `undefined` when it is refused, with a class of ours. */
async function interfacesWanted({ state: stateDir }: Lab): Promise<number | undefined> {
  try {
    const { desired } = await loadHost({ stateDir, host: 'lab', store: new MemoryObjectStore() });
    return desired.interfaces.length;
  } catch (error) {
    expect(error).toBeInstanceOf(XdpkeepError);
    expect([65, 66]).toContain((error as XdpkeepError).exitCode);
    return undefined;
  }
}
