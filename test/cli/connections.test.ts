// What `xdpkeep connections` refuses before it looks at anything, and what it completes.
// needs: lab
import { expect, it } from 'vitest';
import { makeProgram, runCommandLine } from '../../src/cli/program.js';
import { wantedAt } from '../../src/cli/completion/wanted.js';

const run = (...argv: string[]) => runCommandLine(['connections', ...argv], '1.2.3');

it.each<[string[], string]>([
  [['remove'], 'needs a filter'],
  [['remove', '--dry-run', '--accept-lockout'], 'needs a filter'],
  [['remove', '--limit', '3', '--protocol', 'udp'], 'has no pages'],
  [['remove', '--skip', '3', '--protocol', 'udp'], 'has no pages'],
  [['--port', '70000'], '"70000" is no port and no range of ports'],
  [['--port', '20-10'], 'is no port'],
  [['--port', ''], 'is no port'],
  [['--port', '-1'], 'port'],
  [['--protocol', 'tpc'], 'Did you mean tcp?'],
  [['--protocol', '256'], 'is no IP protocol'],
  [['--address', '192.0.2.300'], '--address'],
  [['--address', '192.0.2.1/24'], 'host bits'],
  [['--flow-state', 'open'], 'Allowed choices are opening'],
  [['--limit', '10001'], 'from 1 to 10000'],
  [['--limit', '0'], 'from 1 to 10000'],
  [['--skip', 'x'], 'from 1 to 999999999'],
])('refuses %j', async (argv, said) => {
  const { exitCode, out, err } = await run(...argv);
  expect([exitCode, out]).toEqual([64, '']);
  expect(err).toContain(said);
});

it('has help with examples, for both', async () => {
  const { out } = await run('--help');
  for (const word of ['--address', '--port', '--protocol', '--flow-state', '--limit', 'remove', 'Examples:'])
    expect(out).toContain(word);
  const remove = await run('remove', '--help');
  for (const word of ['--dry-run', '--accept-lockout', '--address', 'Examples:'])
    expect(remove.out).toContain(word);
});

it('completes interfaces and `remove`, states and protocols', () => {
  const program = makeProgram('1.2.3', () => undefined);
  const wanted = (...words: string[]) => wantedAt(program, ['connections', ...words]);
  expect(wanted('')).toMatchObject({ candidates: [{ word: 'remove' }], value: 'interface' });
  expect(wanted('--flow-state', '').candidates.map(({ word }) => word)).toContain('closing');
  expect(wanted('--protocol', '')).toMatchObject({ value: 'protocol' });
  expect(wanted('remove', '--d').candidates.map(({ word }) => word)).toContain('--dry-run');
  expect(wanted('remove', '').candidates).toEqual([]);
});
