// Chooses the function of an object to attach, and checks that it can be attached, from the file alone. The section names are those that
// libbpf 1.x accepts for XDP programs.
import type { Diagnostic } from '../../model/diagnostic.js';
import { suggest } from '../../text/suggest.js';
import type { BpfElf, ElfFunction } from '../../kernel/elf.js';

/** What is wrong with a program, and the field of the state file that says so. */
export interface ProgramProblem extends Pick<Diagnostic, 'summary' | 'detail' | 'hint' | 'log'> {
  severity: Diagnostic['severity'];
  field: 'builtin' | 'file' | 'function';
}

type Choice = Pick<BpfElf, 'licence'> & { functions: ElfFunction[] };

/** The name of the function: `wanted`, or the only XDP function that there is. */
export function chooseFunction(elf: Choice, wanted: string | undefined): string | ProgramProblem {
  if (elf.licence === undefined) return NO_LICENCE;
  const attachable = elf.functions.filter(isAttachable);
  if (wanted !== undefined) return checkFunction(elf, attachable, wanted) ?? wanted;
  const [first, second] = attachable;
  if (!first) return noXdpFunction(elf.functions);
  if (!second) return first.name;
  return {
    severity: 'error',
    field: 'file',
    summary: 'function needed',
    detail: `the object has ${attachable.length} XDP functions: ${list(attachable)}`,
    hint: `Say which one, for example \`function: ${first.name}\`.`,
  };
}

/** "?" marks a program that libbpf loads only when asked for, as xdpkeep asks. */
function isAttachable({ section }: ElfFunction): boolean {
  return /^\??xdp(?:\.frags)?$/.test(section);
}

function checkFunction(elf: Choice, attachable: ElfFunction[], wanted: string): ProgramProblem | undefined {
  const found = elf.functions.find(({ name }) => name === wanted);
  if (found) return isAttachable(found) ? undefined : wrongType(found);
  const meant = suggest(
    wanted,
    attachable.map(({ name }) => name),
  );
  return {
    severity: 'error',
    field: 'function',
    summary: 'unknown function',
    detail: `the object has no function \`${wanted}\`; its XDP functions: ${list(attachable)}`,
    hint: meant === undefined ? 'Name one of its XDP functions.' : `Did you mean \`${meant}\`?`,
  };
}

function wrongType({ name, section }: ElfFunction): ProgramProblem {
  return {
    severity: 'error',
    field: 'function',
    summary: 'wrong program type',
    detail: `\`${name}\` is in section "${section}": ${reasonAgainst(section)}`,
    hint: 'Put it into SEC("xdp"), or name another function.',
  };
}

function reasonAgainst(section: string): string {
  if (/^\??xdp(?:\.frags)?\/(?:devmap|cpumap)$/.test(section)) {
    return 'it runs behind a redirect map and cannot be attached to an interface';
  }
  if (section === '.text') return 'it is a subprogram that other functions call, not a program';
  if (section.startsWith('xdp')) return 'libbpf 1.x does not take that for an XDP program';
  return 'it is not an XDP program';
}

function noXdpFunction(functions: ElfFunction[]): ProgramProblem {
  const there = functions.map(({ name, section }) => `${name} in "${section}"`).join(', ');
  return {
    severity: 'error',
    field: 'file',
    summary: 'wrong program type',
    detail: `the object has no XDP function; its functions: ${there || 'none'}`,
    hint: 'Put SEC("xdp") before the function.',
  };
}

const NO_LICENCE: ProgramProblem = {
  severity: 'error',
  field: 'file',
  summary: 'no licence',
  detail: 'the object has no licence section, without which the kernel does not load it',
  hint: 'Add `char _license[] SEC("license") = "GPL";` to the source, with the licence that it has.',
};

function list(functions: ElfFunction[]): string {
  return functions.map(({ name }) => name).join(', ') || 'none';
}
