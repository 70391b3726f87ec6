#!/usr/bin/env node
// argv in, exit code out. The only place that ends the process; what a command or an error looks like is decided in cli/.
// `--version` is answered before anything else is read: unit files and monitoring call it often.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { loadProgram } from './bundle.js';

declare const XDPKEEP_VERSION: string;

// A reader that stops early (`| head`) is no failure. Without a listener, Node would end the process with a stack.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

// A terminal that went away cannot be set as it was before, and Node would abort over that (ResetStdio in its node.cc).
process.once('exit', () => {
  [0, 1, 2].forEach(replaceIfGone);
});

/** /dev/null is no terminal either, and takes its own place. */
function replaceIfGone(fd: number): void {
  try {
    if (isatty(fd) || !fstatSync(fd).isCharacterDevice()) return;
    closeSync(fd);
    openSync('/dev/null', 'r+'); // gets the lowest number that is free
  } catch {
    // It is closed, and stays so.
  }
}

async function run(argv: string[]): Promise<void> {
  const { exitCode, out, err } = await loadProgram().runCommandLine(argv, XDPKEEP_VERSION);
  if (err !== undefined && err !== '') process.stderr.write(err);
  // Called when the text is out, and when it could not be written.
  process.stdout.write(out, () => process.exit(exitCode));
}

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`${XDPKEEP_VERSION}\n`);
} else {
  void run(argv);
}
