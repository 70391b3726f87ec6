import { describe, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/program.js';
import { LINT_RULES, type LintReport } from '../../src/model/lint.js';
import { hostFile, stateDir, write } from '../desired/state-dir.js';

function state(...rules: string[]): string {
  return stateWith('', ...rules);
}

function stateWith(more: string, ...rules: string[]): string {
  const head = `apiVersion: xdpkeep/v1\nkind: Policy\nname: edge\n${more}rules:\n`;
  return stateDir({
    'hosts/edge-1.yaml': hostFile('  ens5: {policy: edge}'),
    'policies/edge.yaml': `${head}${rules.map((line) => `  ${line}\n`).join('')}`,
    'lists/none.txt': '# nothing yet\n',
  });
}

const run = (folder: string, ...argv: string[]) =>
  runCommandLine(['lint', '--state', folder, ...argv], '1.2.3');
const FINE = '- {name: fine, match: {protocol: udp}, action: drop}';
const LOW = '- {name: low, match: {protocol: tcp, destinationPort: 1-1023}, action: drop}';
const SSH = '- {name: ssh, match: {protocol: tcp, destinationPort: 22}, action: pass}';
const OLD = '- {name: old, match: {protocol: tcp}, action: drop, until: 2020-01-01T00:00:00Z}';
const EMPTY = '- {name: empty, match: {source: {list: none}}, action: drop}';

test('a shadowed rule, with what shadows it and a packet', async () => {
  expect(await run(state(LOW, SSH))).toEqual({
    exitCode: 14,
    out: `error: shadowed rule (XK101)
 --> policies/edge.yaml:6:5
  |
6 |   ${SSH}
  |     ^
  rule ssh never decides: every packet that it matches is decided before it, by low; low is on line 5; a packet that low takes: tcp 0.0.0.0:40000 -> 0.0.0.0:22 SYN
help: Move it up, narrow the rules before it, or remove it.

1 policy, 1 error, no warnings
`,
    err: '',
  });
});

test('warnings alone are exit 0', async () => {
  const { exitCode, out } = await run(state(OLD), '--output', 'json');
  expect([exitCode, JSON.parse(out)]).toMatchObject([
    0,
    {
      kind: 'LintReport',
      policies: ['edge'],
      findings: [
        {
          code: 'XK105',
          severity: 'warning',
          rule: 'old',
          detail: 'rule old matches nothing since 2020-01-01T00:00:00.000Z',
          at: { file: 'policies/edge.yaml', line: 5, column: 5 },
        },
      ],
    },
  ]);
  expect(await run(state(FINE))).toEqual({ exitCode: 0, out: '1 policy, no errors, no warnings\n', err: '' });
});

test('an empty list that may be empty is a warning, one that may not and one that is not there are invalid state', async () => {
  const { exitCode, out } = await run(stateWith('lists: {none: {allowEmpty: true}}\n', EMPTY));
  expect([exitCode, out]).toEqual([0, expect.stringContaining('none has no entry')]);
  expect(await run(state(EMPTY))).toMatchObject({
    exitCode: 65,
    err: expect.stringContaining('allowEmpty: true') as string,
  });
  expect(await run(state(EMPTY.replace('none', 'nowhere')))).toMatchObject({ exitCode: 65, out: '' });
});

test('an ignore silences one finding, and is one itself when it silences nothing', async () => {
  const ignore = '# xdpkeep-ignore XK101 kept for the audit';
  expect(await run(state(LOW, `${SSH} ${ignore}`))).toEqual({
    exitCode: 0,
    out: '1 policy, no errors, no warnings, 1 ignored\n',
    err: '',
  });
  const { exitCode, out } = await run(state(`${LOW} ${ignore}`, SSH), '--output', 'json');
  const { findings } = JSON.parse(out) as LintReport;
  expect([exitCode, findings.map(({ code, at }) => `${code} ${at.line}`)]).toEqual([
    14,
    ['XK109 5', 'XK101 6'],
  ]);
});

describe('generic mode', () => {
  /** hosts/edge-1.yaml with these interfaces and what follows them, and a policy of one rule. */
  const at = (interfaces: string, rule: string, more = '') =>
    stateDir({
      'hosts/edge-1.yaml': hostFile(interfaces) + more,
      'policies/edge.yaml': `apiVersion: xdpkeep/v1\nkind: Policy\nname: edge\nrules:\n  ${rule}\n`,
    });
  const GENERIC = '  ens*: {policy: edge, mode: generic}';
  const SMALL = '- {name: small, match: {length: 0-100}, action: drop}';
  const rated = (rate: string) => `- {name: rated, match: {}, rateLimit: {${rate}}, action: drop}`;

  test('`length` there is that of merged packets: a warning that can be ignored', async () => {
    expect(await run(at(GENERIC, SMALL))).toEqual({
      exitCode: 0,
      out: `warning: merged packets (XK110)
 --> policies/edge.yaml:5:5
  |
5 |   ${SMALL}
  |     ^
  rule small asks for \`length\`, and on ens* of edge-1 XDP runs in generic mode, where it sees packets that Linux has merged
help: Run it natively, use \`bytesPerSecond\`, or ethtool -K IFACE gro off; see docs/packets.md, "Merged packets".

1 policy, no errors, 1 warning
`,
      err: '',
    });
    const { out } = await run(at(GENERIC, `${SMALL} # xdpkeep-ignore XK110 frames of one link`));
    expect(out).toBe('1 policy, no errors, no warnings, 1 ignored\n');
  });

  test.each(['packetsPerSecond', 'packetsPerMinute', 'packetsPerHour'])(
    'so does a rate in %s',
    async (unit) => {
      const { out } = await run(at(GENERIC, rated(`${unit}: 10`)));
      expect(out).toContain('rule rated asks for a `rateLimit` in packets, and on ens* of edge-1');
    },
  );

  test.each([
    ['a rate in bytes', GENERIC, rated('bytesPerSecond: 1000')],
    ['a rule without them', GENERIC, FINE],
    ['mode native', '  ens5: {policy: edge, mode: native}', SMALL],
    ['mode auto, which is known on the host alone', '  ens5: {policy: edge}', SMALL],
    [
      'a rule whose time is over',
      GENERIC,
      SMALL.replace('}, action', '}, until: 2020-01-01T00:00:00Z, action'),
    ],
  ])('not of %s', async (_what, interfaces, rule) => {
    const { exitCode, out } = await run(at(interfaces, rule));
    expect([exitCode, out]).toEqual([0, expect.not.stringContaining('XK110')]);
  });

  test('nor of a policy that another interface runs', async () => {
    const folder = stateDir({
      'hosts/edge-1.yaml': hostFile(GENERIC, '  wan0: {policy: other}'),
      'policies/edge.yaml': `apiVersion: xdpkeep/v1\nkind: Policy\nname: edge\nrules: [${FINE.slice(2)}]\n`,
      'policies/other.yaml': `apiVersion: xdpkeep/v1\nkind: Policy\nname: other\nrules: [${SMALL.slice(2)}]\n`,
    });
    expect((await run(folder)).out).toBe('2 policies, no errors, no warnings\n');
  });

  test('an entry of `protect` is spoken of at its place', async () => {
    const { exitCode, err } = await run(at(GENERIC, FINE, 'protect:\n  - {length: 40}\n'));
    expect([exitCode, err]).toEqual([
      0,
      expect.stringMatching(
        /^warning: hosts\/edge-1\.yaml:7:5: merged packets: an entry of `protect` asks for `length`, and on ens\* of edge-1 .*\n$/,
      ),
    ]);
  });
});

describe('what the repository asks of each rule', () => {
  const ASKS =
    'apiVersion: xdpkeep/v1\nkind: Repository\nlint: {owner: required, ticket: required, expiry: 14d}\n';
  const asked = (text: string, ...rules: string[]) => {
    const folder = state(...rules);
    write(folder, { 'xdpkeep.yaml': text });
    return folder;
  };
  const soon = new Date(Date.now() + 86_400_000).toISOString();
  const owned = (more: string) =>
    `- {name: owned, match: {protocol: igmp}, action: drop, owner: netops${more}}`;

  test('is found missing, with its line, and can be silenced', async () => {
    const { out, exitCode } = await run(
      asked(
        ASKS,
        `${FINE.slice(0, -1)}, log: {oneIn: 9}}`,
        '# xdpkeep-ignore XK120 goes with the old host',
        LOW,
        owned(', ticket: NET-1'),
      ),
      '--output',
      'json',
    );
    expect(exitCode).toBe(14);
    const { findings, ignored } = JSON.parse(out) as LintReport;
    expect(findings.map(({ code, rule, at, detail }) => [code, rule, at.line, detail])).toEqual([
      ['XK120', 'fine', 5, 'rule fine has no `owner` and no `ticket`'],
    ]);
    expect(ignored).toBe(1);
  });

  test('a rule that ends soon is warned of', async () => {
    const { out, exitCode } = await run(asked(ASKS, owned(`, ticket: NET-1, until: "${soon}"`)));
    expect(exitCode).toBe(0);
    expect(out).toContain(`warning: rule that ends soon (XK121)`);
    expect(out).toContain(`rule owned ends at ${soon}`);
    const far = '2499-01-01T00:00:00Z';
    expect((await run(asked(ASKS, owned(`, ticket: NET-1, until: ${far}`)))).out).toContain('no warnings');
  });

  test('without the file nothing is asked; one with a mistake is refused with its place', async () => {
    expect((await run(state(FINE))).exitCode).toBe(0);
    const { err, exitCode } = await run(asked(ASKS.replace('owner:', 'owners:'), FINE));
    expect(exitCode).toBe(65);
    expect(err).toContain('xdpkeep.yaml:3:8');
    expect(err).toContain('Did you mean');
  });
});

test('SARIF', async () => {
  const { exitCode, out } = await run(state(LOW, SSH, OLD), '--output', 'sarif');
  expect(exitCode).toBe(14);
  const place = (startLine: number) => ({
    physicalLocation: {
      artifactLocation: { uri: 'policies/edge.yaml', uriBaseId: 'STATE' },
      region: { startLine, startColumn: 5 },
    },
  });
  expect(JSON.parse(out)).toMatchObject({
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'xdpkeep',
            version: '1.2.3',
            rules: { length: Object.keys(LINT_RULES).length, 0: { id: 'XK101' } },
          },
        },
        results: [
          {
            ruleId: 'XK101',
            ruleIndex: 0,
            level: 'error',
            locations: [place(6)],
            relatedLocations: [{ ...place(5), message: { text: 'low' } }],
          },
          { ruleId: 'XK105', ruleIndex: 4, level: 'warning', locations: [place(7)], relatedLocations: [] },
        ],
      },
    ],
  });
});

test('an output format belongs to the command that has it', async () => {
  const folder = state(FINE);
  expect(await run(folder, '--output', 'junit')).toMatchObject({
    exitCode: 64,
    err: 'error: lint has no output format junit\nhelp: Name one of: text, json, sarif.\n',
  });
  expect(await runCommandLine(['status', '--output', 'sarif'], '1.2.3')).toMatchObject({ exitCode: 64 });
});

test('a Host file that says something of connections about which no policy asks', async () => {
  const hosts = `${hostFile('  ens5: {policy: edge}')}connections: {max: 4096}\n`;
  const folder = (rule: string) => {
    const made = state(rule);
    write(made, { 'hosts/edge-1.yaml': hosts });
    return made;
  };
  const { exitCode, err } = await run(folder(FINE));
  expect([exitCode, err]).toEqual([
    0,
    expect.stringMatching(
      /^warning: hosts\/edge-1\.yaml:\d+:1: .*no policy of this host has a rule with `connection`/,
    ),
  ]);
  const asks = '- {name: answers, match: {connection: established}, action: pass}';
  expect(await run(folder(asks))).toMatchObject({ exitCode: 0, err: '' });
});
