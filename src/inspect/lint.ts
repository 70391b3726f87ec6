// `xdpkeep lint`: every policy of a state directory. Reads files, and asks which interfaces are here where one of the hosts is this one.
import { commentsOf } from '../desired/yaml/comments.js';
import { listHosts } from '../desired/host/hosts.js';
import { type HostRights, loadPolicies, warnOfCommands } from '../desired/load-all.js';
import type { Source } from '../desired/yaml/source.js';
import { MemoryObjectStore } from '../disk/object-store.js';
import { asksConnections } from '../model/desired.js';
import { diagnosticLine } from '../model/diagnostic.js';
import { LINT_RULES, type LintFinding, type LintReport } from '../model/lint.js';
import type { Policy } from '../model/policy.js';
import { describePacket } from '../policy/packet/describe.js';
import { FINDING_HINTS, findingDetail, IGNORE_HINTS } from '../policy/analysis/finding-words.js';
import { heedIgnores, type IgnoreFinding } from '../policy/analysis/ignores.js';
import { type Finding, lintLayers, lintPolicy } from '../policy/analysis/lint.js';
import { writePacket } from '../policy/packet/written-packet.js';
import { findPolicyPlaces } from './policy-places.js';

export interface Linted {
  report: LintReport;
  /** Of the loader, one line each. */
  warnings: string[];
}

/** `here`: which host this machine is. Throws an InvalidStateError or a HostNotFoundError. */
export function lintState(stateDir: string, here: string, rights: HostRights): Linted {
  const { firewalls, sources, stacks, lint, warnings } = loadPolicies({
    stateDir,
    store: new MemoryObjectStore(),
  });
  const hosts = listHosts(stateDir).names;
  const asking = new Set(firewalls.flatMap(({ policy }) => (asksConnections(policy) ? policy.name : [])));
  const { places, warnings: aboutProtect } = findPolicyPlaces(stateDir, hosts, here, asking);
  const now = Date.now();
  const sourcesOf = (name: string): Source[] => sources.get(name) ?? [];
  const linted = firewalls.map(({ policy }) =>
    lintFile(policy, sourcesOf(policy.name), lintPolicy(policy, now, places.get(policy.name), lint)),
  );
  const layered = stacks.map((stack) => {
    const files = (stack.layers ?? []).flatMap(({ name }) => sourcesOf(name));
    return lintFile(stack, files, lintLayers(stack, now));
  });
  const report: LintReport = {
    apiVersion: 'xdpkeep/v1',
    kind: 'LintReport',
    policies: firewalls.map(({ policy }) => policy.name),
    findings: [...linted, ...layered].flatMap(({ findings }) => findings),
    ignored: [...linted, ...layered].reduce((sum, { ignored }) => sum + ignored, 0),
  };
  const commands = warnOfCommands(stateDir, hosts, rights);
  return { report, warnings: [...warnings, ...aboutProtect, ...commands].map(diagnosticLine) };
}

/** `sources`: its file first, then those of groups; each policy that uses a group is told of what is found in it. */
function lintFile(
  policy: Policy,
  sources: readonly Source[],
  findings: Finding[],
): Pick<LintReport, 'findings' | 'ignored'> {
  const lines = new Map(sources.map(({ file, text }) => [file, text.split(/\r?\n/)]));
  const { left, ignored, about } = heedIgnores(findings, sources.flatMap(commentsOf));
  const own = sources[0]?.file;
  const found = [
    ...left.map((one) => aboutRule(one, policy)),
    // What is idle here may be needed where another policy uses the group.
    ...about
      .filter(({ kind, at }) => !policy.layers && (kind === 'badIgnore' || at.file === own))
      .map((one) => aboutComment(one, policy)),
  ].sort((a, b) => Number(a.at.file !== own) - Number(b.at.file !== own) || a.at.line - b.at.line);
  return {
    ignored,
    findings: found.map((one) => ({ ...one, excerpt: lines.get(one.at.file)?.[one.at.line - 1] ?? '' })),
  };
}

function aboutRule(finding: Finding, policy: Policy): LintFinding {
  const { kind, rule, by, witness } = finding;
  const { code, severity, summary } = LINT_RULES[kind];
  const places = by.map((row) => {
    const at = policy.rules.find(({ name }) => name === row)?.at;
    return { row, ...(at && { at }) };
  });
  return {
    code,
    severity,
    summary,
    detail: findingDetail(finding, policy.rules),
    hint: FINDING_HINTS[kind],
    at: rule.at,
    policy: policy.name,
    rule: rule.name,
    by: places,
    ...(witness && { witness: describePacket(witness), packet: writePacket(witness) }),
  };
}

function aboutComment({ kind, message, at }: IgnoreFinding, policy: Policy): LintFinding {
  const { code, severity, summary } = LINT_RULES[kind];
  return {
    code,
    severity,
    summary,
    detail: message,
    hint: IGNORE_HINTS[kind],
    at,
    policy: policy.name,
    by: [],
  };
}
