// Finds what may stand at the end of an unfinished command line, from the commands alone.
import type { Argument, Command, Option } from 'commander';

export interface Candidate {
  word: string;
  /** Shown beside it where the shell can. */
  what: string;
}

export interface Wanted {
  /** What was written of the word so far; of `--output=js` the part behind the sign. */
  begun: string;
  /** What is written in front of `begun` in the same word. */
  before: string;
  candidates: Candidate[];
  /** Candidates of this name are on the host: `interface`, `generation`, `file`, ... Absent where all are known. */
  value?: string;
  /** Options that were said before, by their attribute, e.g. `dataDir`; flags without a value are ''. */
  said: ReadonlyMap<string, string>;
  /** The operands before it. */
  operands: readonly string[];
}

/** `words` are those after the program's name; the last one is being written and may be ''. */
export function wantedAt(program: Command, words: readonly string[]): Wanted {
  const said = new Map<string, string>();
  const operands: string[] = [];
  let command = program;
  let awaits: Option | undefined;
  let onlyOperands = false;
  for (const word of words.slice(0, -1)) {
    if (awaits) {
      said.set(awaits.attributeName(), word);
      awaits = undefined;
    } else if (word === '--') {
      onlyOperands = true;
    } else if (!onlyOperands && word.startsWith('-')) {
      const [name = '', value] = split(word);
      const option = optionsOf(command).find((one) => one.long === name || one.short === name);
      if (option && takesValue(option) && value === undefined) awaits = option;
      else if (option) said.set(option.attributeName(), value ?? '');
    } else {
      const next = operands.length === 0 ? command.commands.find((one) => one.name() === word) : undefined;
      if (next) command = next;
      else operands.push(word);
    }
  }
  return { said, operands, ...at(words.at(-1) ?? '', { command, awaits, onlyOperands, operands }) };
}

interface Place {
  command: Command;
  awaits: Option | undefined;
  onlyOperands: boolean;
  operands: readonly string[];
}

function at(
  word: string,
  { command, awaits, onlyOperands, operands }: Place,
): Omit<Wanted, 'said' | 'operands'> {
  if (awaits) return { begun: word, before: '', ...valuesOf(awaits.argChoices, valueName(awaits)) };
  if (!onlyOperands && word.startsWith('-')) {
    const [name = '', value] = split(word);
    const option = optionsOf(command).find(({ long }) => long === name);
    if (value !== undefined && option) {
      return { begun: value, before: `${name}=`, ...valuesOf(option.argChoices, valueName(option)) };
    }
    const candidates = optionsOf(command).map(({ long, short, description }) => ({
      word: long ?? short ?? '',
      what: description,
    }));
    return { begun: word, before: '', candidates };
  }
  const commands = operands.length > 0 ? [] : visible(command);
  const named = commands.map((one) => ({ word: one.name(), what: one.description() }));
  const argument: Argument | undefined = command.registeredArguments[operands.length];
  if (!argument) return { begun: word, before: '', candidates: named };
  const values = valuesOf(argument.argChoices, argument.name());
  return { begun: word, before: '', ...values, candidates: [...named, ...values.candidates] };
}

function split(word: string): string[] {
  const sign = word.indexOf('=');
  return sign === -1 ? [word] : [word.slice(0, sign), word.slice(sign + 1)];
}

function visible(command: Command): Command[] {
  return command.createHelp().visibleCommands(command);
}

/** Its own and those of all commands, `--help` and `--version` included; hidden ones are left out. */
function optionsOf(command: Command): Option[] {
  const help = command.createHelp();
  const above = command.parent ? help.visibleGlobalOptions(command) : [];
  return [...help.visibleOptions(command), ...above];
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

/** `--reason <text>`: `text`. */
function valueName(option: Option): string {
  return /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1] ?? '';
}

function valuesOf(choices: string[] | undefined, name: string): Pick<Wanted, 'candidates' | 'value'> {
  if (choices) return { candidates: choices.map((word) => ({ word, what: '' })) };
  return { candidates: [], value: name };
}
