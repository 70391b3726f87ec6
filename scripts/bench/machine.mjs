// The machine that was measured: numbers of another one are not comparable.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release } from 'node:os';

export function describeMachine() {
  const first = (command, ...args) => execFileSync(command, args, { encoding: 'utf8' }).split('\n')[0].trim();
  return {
    cpu: cpus()[0].model,
    cores: cpus().length,
    kernel: release(),
    node: process.version,
    clang: first('clang', '--version'),
    date: new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
    load: loadavg()[0].toFixed(1),
  };
}
