// Programs of Debian packages that are not installed, because their services would be started by that.
// needs: lab unpacked
import { join } from 'node:path';
import { finish, type Finished } from './exec.js';
import { madeOnce } from './made-once.js';

const unpack = (name: string) => madeOnce('unpacked.sh', name);

/** Prometheus' own tool. */
export async function promtool(args: string[], input?: string): Promise<Finished> {
  const tool = join(await unpack('prometheus'), 'usr/bin/promtool');
  return finish(tool, args, input === undefined ? {} : { input });
}

/** What env(1) has to run for `fail2ban-server` and `fail2ban-client`, without their arguments. */
export async function fail2ban(): Promise<{ server: string[]; client: string[] }> {
  const root = await unpack('fail2ban');
  const python = [`PYTHONPATH=${join(root, 'usr/lib/python3/dist-packages')}`, 'python3'];
  const command = (name: string) => [...python, join(root, 'usr/bin', name)];
  return { server: command('fail2ban-server'), client: command('fail2ban-client') };
}
