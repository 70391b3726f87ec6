// argv in, exit code out. The only place that ends the process, and the only one that decides how an error looks.
// `--version` is answered before anything else is read: unit files and monitoring call it often.

declare const XDPKEEP_VERSION: string;

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`${XDPKEEP_VERSION}\n`);
} else {
  const { runCommandLine } = await import('./cli/program.js');
  const { exitCode, out, err } = await runCommandLine(argv, XDPKEEP_VERSION);
  if (err !== undefined && err !== '') process.stderr.write(err);
  // A reader that stops early (`| head`) is no failure.
  process.stdout.on('error', () => process.exit(exitCode));
  process.stdout.write(out, () => process.exit(exitCode));
}
