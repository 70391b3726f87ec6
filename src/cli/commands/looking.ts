// Commands that look at what runs and at what was done.
import type { Command } from 'commander';
import { readCommon } from '../options.js';
import { command, type Flags, type Keep } from './command.js';

export function addLooking(program: Command, keep: Keep): void {
  command(program, 'status', 'what is wanted and what runs, interface by interface')
    .option('--watch', 'stay, and show it again and again')
    .option('--every <time>', 'how often, with --watch (default: 2s)')
    .option('--memory', 'with the memory that programs and maps take in the kernel')
    .action(async (_flags: Flags, self: Command) => {
      const { runStatus } = await import('../status.js');
      keep(await runStatus({ ...self.opts(), ...readCommon(self) }));
    });
  command(program, 'doctor', 'what this host lacks, and what to do about it; needs no root').action(
    async (_flags: Flags, self: Command) => {
      const { runDoctor } = await import('../doctor.js');
      keep(await runDoctor(readCommon(self)));
    },
  );
  command(
    program,
    'maps [interface] [map]',
    'the maps of the instances in use, formatted through BTF',
  ).action(async (name: string | undefined, map: string | undefined, _flags: Flags, self: Command) => {
    const { runMaps } = await import('../maps.js');
    keep(await runMaps(name, map, readCommon(self)));
  });
  command(program, 'counters [interface]', 'what the rules of each policy have matched').action(
    async (name: string | undefined, _flags: Flags, self: Command) => {
      const { runCounters } = await import('../counters.js');
      keep(await runCounters(name, readCommon(self)));
    },
  );
  command(
    program,
    'explain <interface> <packet>',
    'which rule decides a packet, e.g. "{protocol: tcp, source: 10.0.0.1, destinationPort: 22}"',
  ).action(async (name: string, packet: string, _flags: Flags, self: Command) => {
    const { runExplain } = await import('../explain.js');
    keep(await runExplain(name, packet, readCommon(self)));
  });
  command(
    program,
    'history [generation]',
    'the generations: what was applied, when, by whom, and what it changed; one of them in full',
  ).action(async (generation: string | undefined, _flags: Flags, self: Command) => {
    const { runGeneration, runHistory } = await import('../history.js');
    keep(
      generation === undefined ? runHistory(readCommon(self)) : runGeneration(generation, readCommon(self)),
    );
  });
  const journal = program.command('journal').description('the record of every change');
  for (const [name, description] of JOURNAL_COMMANDS) {
    command(journal, name, description).action(async (_flags: Flags, self: Command) => {
      const { runJournal } = await import('../journal.js');
      keep(await runJournal(name, readCommon(self)));
    });
  }
}

const JOURNAL_COMMANDS = [
  ['show', 'print its records'],
  ['verify', 'check its hash chain; exit 74 when it is broken'],
  ['repair', 'put a damaged journal aside and start a new one'],
] as const;
