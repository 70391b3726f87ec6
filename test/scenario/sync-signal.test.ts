// A signal while git waits for a remote that says nothing: git ends, and nothing is left.
// needs: lab
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { scratch } from '../desired/state-dir.js';
import { background } from '../lab/exec.js';

it.each(['sync', 'sync --dry-run'])('%s', async (command) => {
  let connections = 0;
  let closed = 0;
  const silent = createServer((socket) => {
    connections++;
    socket.on('close', () => closed++);
    socket.on('error', () => undefined);
    socket.resume();
  });
  await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
  try {
    const folder = scratch();
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    const { port } = silent.address() as AddressInfo;
    writeFileSync(join(folder, 'config.yaml'), `source: {git: "ssh://git@127.0.0.1:${port}/firewall.git"}\n`);
    const env = {
      TMPDIR: temporary,
      XDPKEEP_CONFIG: join(folder, 'config.yaml'),
      XDPKEEP_DATA_DIR: join(folder, 'data'),
      XDPKEEP_BPFFS: join(folder, 'bpffs'),
      XDPKEEP_HOST: 'lab',
    };
    const run = background(process.execPath, [resolve('dist/xdpkeep.js'), ...command.split(' ')], { env });
    await expect.poll(() => connections).toBe(1);
    run.kill('SIGTERM');
    expect((await run).signal).toBe('SIGTERM');
    await expect.poll(() => closed).toBe(1);
    expect(readdirSync(temporary)).toEqual([]);
  } finally {
    silent.close();
  }
});
