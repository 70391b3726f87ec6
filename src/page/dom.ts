// Elements from data. Text goes in as text, never as markup: a rule may be called <script>.

type Child = Node | string;

/** `attributes` with an empty `class` are left out. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>>,
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== '') made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** An element of index.html. */
export function part(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no ${id}`);
  return found;
}

/** Replaces what is in it, unless that says the same: a screen reader and a selection stay where they are. */
export function fill(target: HTMLElement, ...children: Child[]): void {
  const fresh = target.cloneNode(false) as HTMLElement;
  fresh.append(...children);
  if (fresh.innerHTML !== target.innerHTML) target.replaceChildren(...children);
}

export interface Column {
  title: string;
  isNumber?: boolean;
  /** Of its cells. */
  class?: string;
}

/** The first cell of a row is its header. On a narrow screen each cell says its column. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Child[])[],
  caption: string,
): Node[] {
  const look = ({ isNumber, class: own }: Column) => [isNumber ? 'number' : '', own ?? ''].join(' ').trim();
  const head = columns.map((column) => element('th', { scope: 'col', class: look(column) }, column.title));
  const body = rows.map((cells) =>
    element(
      'tr',
      {},
      ...cells.map((cell, at) => {
        const column = columns[at] ?? { title: '' };
        const attributes = { class: look(column), 'data-label': column.title };
        return at === 0
          ? element('th', { scope: 'row', ...attributes }, cell)
          : element('td', attributes, cell);
      }),
    ),
  );
  return [
    element('caption', {}, caption),
    element('thead', {}, element('tr', {}, ...head)),
    element('tbody', {}, ...body),
  ];
}
