// Two revisions as people read them: in a terminal, or as Markdown beside a pull request. Names and packets come out of
// the repository and are shown so that they can be nothing but text.
import type { PacketEffects } from '../model/reconciliation.js';
import type { Change, DiffEnd, HostDiff, InterfaceDiff, PolicyDiff, StateDiff } from '../model/state-diff.js';
import { fateLines, otherKinds } from './reconciliation.js';
import { type Paint, printable, type Style } from './style.js';

const SIGNS: Record<Change, string> = { added: '+', removed: '-', changed: '~' };
const STYLES: Record<Change, Style> = { added: 'green', removed: 'red', changed: 'yellow' };
const NOTHING = 'no host and no policy differs';

export function renderStateDiff(
  { hosts, policies }: Pick<StateDiff, 'hosts' | 'policies'>,
  paint: Paint,
): string {
  const head = (change: Change, text: string) => paint(STYLES[change], printable(`${SIGNS[change]} ${text}`));
  const lines = [
    ...hosts.flatMap(({ host, change, interfaces }) => [
      head(change, `host ${host}`),
      ...interfaces.flatMap((one) => [
        `  ${head(one.change, `${one.pattern}: ${interfaceWords(one)}`)}`,
        ...fateLines(one.fates),
      ]),
    ]),
    ...policies.flatMap(({ policy, change, details, fates }) => [
      head(change, `policy ${policy}`),
      ...details.map((detail) => printable(`  ${detail}`)),
      ...fateLines(fates),
    ]),
  ];
  return `${lines.length === 0 ? NOTHING : lines.join('\n')}\n`;
}

function interfaceWords({ from, to }: InterfaceDiff): string {
  if (from === to) return `${from ?? ''}, which changed`;
  return from === undefined || to === undefined ? (from ?? to ?? '') : `${from} -> ${to}`;
}

/** GitHub's Markdown. */
export function markdownStateDiff({ from, to, hosts, policies }: StateDiff): string {
  const title = `## Firewall changes\n\n${endWords(from)} to ${endWords(to)}`;
  const sections = [...hosts.map(markdownHost), ...policies.map(markdownPolicy)];
  return `${[title, ...(sections.length === 0 ? [`Nothing: ${NOTHING}.`] : sections)].join('\n\n')}\n`;
}

function endWords({ revision, commit }: DiffEnd): string {
  return commit === undefined ? code(revision) : `${code(revision)} (${code(commit.slice(0, 12))})`;
}

function markdownHost({ host, change, interfaces }: HostDiff): string {
  const rows = interfaces.map(
    (one) => `| ${SIGNS[one.change]} | ${code(one.pattern)} | ${code(one.from)} | ${code(one.to)} |`,
  );
  const table = ['| | interface | before | after |', '|---|---|---|---|', ...rows].join('\n');
  const fates = interfaces.flatMap((one) =>
    one.fates
      ? [`Packets at ${code(one.pattern)}, behind what the host protects:`, markdownEffects(one.fates)]
      : [],
  );
  return [`### Host ${code(host)} ${change}`, ...(rows.length > 0 ? [table] : []), ...fates].join('\n\n');
}

function markdownPolicy({ policy, change, details, fates }: PolicyDiff): string {
  const list = details.map((detail) => `- ${code(detail)}`).join('\n');
  return [
    `### Policy ${code(policy)} ${change}`,
    ...(list === '' ? [] : [list]),
    ...(fates ? [markdownEffects(fates)] : []),
  ].join('\n\n');
}

const MOST_ROWS = 50;

function markdownEffects({ changes, complete }: PacketEffects): string {
  const more = complete ? [] : ['There may be more: the policies are too large to compare in full.'];
  if (changes.length === 0)
    return ['No packet gets another verdict.', ...more].slice(complete ? 0 : 1).join('\n\n');
  const rows = changes
    .slice(0, MOST_ROWS)
    .map(({ example, kinds, from, fromRow, to, toRow }) =>
      [example + otherKinds(kinds), from, fromRow, to, toRow].map((cell) => ` ${code(cell)} `).join('|'),
    );
  const left = changes.length - rows.length;
  const table = [
    '| packet | before | by | after | by |',
    '|---|---|---|---|---|',
    ...rows.map((row) => `|${row}|`),
  ];
  return [table.join('\n'), ...(left > 0 ? [`And ${left} more kinds of packets.`] : []), ...more].join(
    '\n\n',
  );
}

function code(text: string | undefined): string {
  if (text === undefined) return '';
  return `\`${printable(text).replace(/[\n`]/g, "'").replaceAll('|', '\\|')}\``;
}
