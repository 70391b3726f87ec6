// What lint found, as people and code hosts read it.
import { LINT_RULES, type LintFinding, type LintReport } from '../model/lint.js';
import { renderDiagnostics } from './diagnostics.js';

export function renderLint({ findings, policies, ignored }: LintReport, color: boolean): string {
  const frames = renderDiagnostics(findings.map(inWords), { color });
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const parts = [
    count(policies.length, 'policy', 'policies'),
    count(errors, 'error'),
    count(findings.length - errors, 'warning'),
    ...(ignored > 0 ? [`${ignored} ignored`] : []),
  ];
  return `${frames}${frames && '\n'}${parts.join(', ')}\n`;
}

function inWords(finding: LintFinding): LintFinding {
  return { ...finding, summary: `${finding.summary} (${finding.code})`, detail: sentence(finding) };
}

/** With what backs it up. */
function sentence({ detail, by, witness, at: here }: LintFinding): string {
  const places = by.flatMap(({ row, at }) =>
    at ? [`${row} is on line ${at.line}${at.file === here.file ? '' : ` of ${at.file}`}`] : [],
  );
  const example = witness === undefined ? [] : [`a packet that ${by[0]?.row ?? ''} takes: ${witness}`];
  return [detail, ...places, ...example].join('; ');
}

function count(number: number, noun: string, nouns = `${noun}s`): string {
  return `${number === 0 ? 'no' : number} ${number === 1 ? noun : nouns}`;
}

/** SARIF 2.1.0 (OASIS); places are relative to the state directory. */
export function sarif({ findings }: LintReport, version: string): object {
  const rules = Object.entries(LINT_RULES).map(([name, { code, severity, about }]) => ({
    id: code,
    name,
    shortDescription: { text: about },
    defaultConfiguration: { level: severity },
  }));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'xdpkeep', version, rules } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => ({
          ruleId: finding.code,
          ruleIndex: rules.findIndex(({ id }) => id === finding.code),
          level: finding.severity,
          message: { text: sentence(finding) },
          locations: [location(finding.at)],
          relatedLocations: finding.by.flatMap(({ row, at }) =>
            at ? [{ ...location(at), message: { text: row } }] : [],
          ),
        })),
      },
    ],
  };
}

function location({ file, line, column }: LintFinding['at']): object {
  return {
    physicalLocation: {
      artifactLocation: { uri: encodeURI(file), uriBaseId: 'STATE' },
      region: { startLine: line, startColumn: column },
    },
  };
}
