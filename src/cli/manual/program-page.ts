// xdpkeep(8): the commands with their options, made of the very objects that the help is made of.
import type { Command, Option } from 'commander';
import { everyCommand } from '../command-tree.js';
import { EXAMPLES } from '../examples.js';
import { EXIT_CODES } from '../exit-codes.js';
import { page, paragraph, section, subsection, term, verbatim } from './roff.js';

const FILES: readonly (readonly [path: string, what: string])[] = [
  ['/etc/xdpkeep/config.yaml', 'where the state files are, and who may sign them'],
  ['/etc/xdpkeep/state/', 'state files, where neither --state nor the config file says otherwise'],
  ['/etc/xdpkeep/suspend', 'suspends everything by being there'],
  ['/var/lib/xdpkeep/', 'journal, generations, compiled programs, holds'],
  ['/var/lib/xdpkeep-fetch/', 'what fetch has brought, for sync --offline and reconcile --watch --offline'],
  ['/sys/fs/bpf/xdpkeep/', 'what is attached; rm -r of it detaches everything of ours'],
];

export function programPage(program: Command, version: string): string {
  const title = {
    name: 'xdpkeep',
    section: 8,
    version,
    what: 'keep the XDP firewalls of a host in the state that git says',
  };
  return page(title, [
    section('Synopsis'),
    '.B xdpkeep',
    '.I command',
    '[options]',
    section('Description'),
    paragraph(
      'xdpkeep reads the state files of this host (xdpkeep-state(5)), compares them with what its kernel really runs, and attaches, updates or detaches XDP programs until the two agree. Every change is planned, proven by the kernel before it is attached, written to a journal, checked afterwards, and can be rolled back.',
    ),
    section('Commands'),
    ...everyCommand(program).flatMap(({ path, command }) => commandPart(path, command)),
    section('Common options'),
    ...program.createHelp().visibleOptions(program).map(optionPart),
    section('Exit status'),
    ...EXIT_CODES.map(([code, meaning]) => term(String(code), meaning)),
    section('Files'),
    ...FILES.map(([path, what]) => term(path, what)),
    section('Examples'),
    ...examplesPart(''),
    section('See also'),
    paragraph('xdpkeep-state(5), bpftool(8), ip-link(8)'),
  ]);
}

function commandPart(path: string, command: Command): string[] {
  if (command.commands.length > 0) return [];
  const operands = command.usage().replace('[options]', '').trim();
  return [
    subsection(['xdpkeep', path, operands].filter(Boolean).join(' ')),
    paragraph(sentence(command.description())),
    ...command.createHelp().visibleOptions(command).filter(isOwn).map(optionPart),
    ...examplesPart(path),
  ];
}

function isOwn({ long }: Option): boolean {
  return long !== '--help';
}

function optionPart(option: Option): string {
  const { flags, description, argChoices, envVar } = option;
  const standard: unknown = option.defaultValue;
  const more = [
    argChoices && `one of: ${argChoices.join(', ')}`,
    typeof standard === 'string' && `default: ${standard}`,
    envVar !== undefined && `environment: ${envVar}`,
  ].filter(Boolean);
  return term(flags, sentence([description, ...more].join('; ')));
}

function examplesPart(path: string): string[] {
  return (EXAMPLES[path] ?? []).flatMap(([line, what]) => [
    paragraph(`${sentence(what).slice(0, -1)}:`),
    verbatim([line]),
  ]);
}

function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?!]$/.test(whole) ? whole : `${whole}.`;
}
