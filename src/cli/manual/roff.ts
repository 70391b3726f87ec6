// Text as roff, in the macros of man(7).

/** Plain text: nothing in it is an instruction, hyphens stay hyphens. */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll("'", '\\(aq')
    .replace(/^\./gm, '\\&.');
}

export function section(title: string): string {
  return `.SH ${escape(title.toUpperCase())}`;
}

export function subsection(title: string): string {
  return `.SS ${escape(title)}`;
}

export function paragraph(text: string): string {
  return `.PP\n${escape(text)}`;
}

/** A term in bold, its explanation indented below. */
export function term(name: string, text: string): string {
  return `.TP\n.B ${escape(name)}\n${escape(text) || '\\&'}`;
}

/** Lines as they are. */
export function verbatim(lines: readonly string[]): string {
  return ['.PP', '.RS 4', '.nf', ...lines.map(escape), '.fi', '.RE'].join('\n');
}

export interface Title {
  name: string;
  section: number;
  version: string;
  what: string;
}

export function page({ name, section: number, version, what }: Title, body: readonly string[]): string {
  const head = [
    `.TH ${escape(name.toUpperCase())} ${number} "" "xdpkeep ${version}" "xdpkeep"`,
    '.ad l',
    '.nh',
    section('Name'),
    `${escape(name)} \\- ${escape(what)}`,
  ];
  return `${[...head, ...body].join('\n')}\n`;
}
