// A long list that changed in little is what parsing all of it makes of it: the same set, the same counts, the same words.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changedLines } from '../../../src/desired/lists/changed-lines.js';
import type { ListFormat } from '../../../src/desired/lists/list-formats.js';
import { type ParsedList, parseList } from '../../../src/desired/lists/list-parser.js';
import { loadHost } from '../../../src/desired/load.js';
import { keepText, patchList } from '../../../src/desired/lists/patched-list.js';
import { DiskObjectStore, MemoryObjectStore } from '../../../src/disk/object-store.js';
import { sha256 } from '../../../src/disk/sha256.js';
import type { Diagnostic } from '../../../src/model/diagnostic.js';
import type { ListCounts } from '../../../src/model/object-store.js';
import { encodeRanges } from '../../../src/addresses/range-bytes.js';
import { hostFile, policyFile, scratch, stateDir, write } from '../state-dir.js';

/** Addresses and networks in no order, some of them twice, some in others. */
const LINES = Array.from({ length: 24_000 }, (_, at) => {
  const word = Math.imul(at, 0x9e3779b1) >>> 0;
  const four = `${(word >>> 24) | 1}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${at % 500 === 0 ? 0 : word & 255}`;
  if (at % 500 === 0) return `${four}/24`;
  if (at % 700 === 0) return '192.0.2.1';
  return at % 3 === 0 ? `2001:db8:${(word >>> 16).toString(16)}::${(word & 0xffff).toString(16)}` : four;
});

function parse(lines: string[], format: ListFormat): ParsedList & { problems: Diagnostic[] } {
  const problems: Diagnostic[] = [];
  const bytes = Buffer.from(lines.join('\n'));
  return { ...parseList({ file: 'lists/l.txt', bytes, format, skipBad: false }, problems), problems };
}

/** A store that has the text of a list, and the set that it is. */
function keeping(lines: string[], format: ListFormat, others?: Partial<ListCounts>): MemoryObjectStore {
  const store = new MemoryObjectStore();
  const { ranges, shared, problems, ...found } = parse(lines, format);
  const counts = { ...found, ...others };
  expect(problems).toEqual([]);
  const bytes = Buffer.from(lines.join('\n'));
  keepText(store, 'key', {
    bytes,
    text: sha256(bytes),
    digest: store.put(encodeRanges(ranges)),
    counts,
    shared,
  });
  return store;
}

function patch(store: MemoryObjectStore, lines: string[], format: ListFormat): ParsedList | undefined {
  const bytes = Buffer.from(lines.join('\n'));
  return patchList(store, 'key', { file: 'lists/l.txt', bytes, format, skipBad: false });
}

const change = fc.record({
  kind: fc.constantFrom('remove', 'insert', 'move', 'copy', 'comment', 'network'),
  at: fc.nat(),
  to: fc.nat(),
});

test.each<[ListFormat['format'], (line: string) => string]>([
  ['plain', (line) => line],
  ['ipset', (line) => `add l ${line} timeout 5`],
])('whatever is done to the lines of a %s list', (name, written) => {
  const format = { format: name } as ListFormat;
  const lines = LINES.map(written);
  const store = keeping(lines, format);
  let patched = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 40 }), (changes) => {
      const edited = lines.slice();
      for (const { kind, at, to } of changes) {
        const [here, there] = [at % edited.length, to % edited.length];
        if (kind === 'remove') edited.splice(here, 1 + (to % 30));
        else if (kind === 'insert') edited.splice(here, 0, written(`198.18.${to & 255}.${(to >>> 8) & 255}`));
        else if (kind === 'move') edited.splice(there, 0, ...edited.splice(here, 1));
        else if (kind === 'copy' && to % 8 === 0) edited.splice(there, 0, edited[here] ?? '');
        else if (kind === 'comment') edited.splice(here, 0, '# said', '');
        else if (kind === 'network') edited.splice(here, 1, written(`198.19.${to & 255}.0/24`));
      }
      const found = patch(store, edited, format);
      const { problems, shared, ...whole } = parse(edited, format);
      expect(problems).toEqual([]);
      if (found) {
        patched++;
        const { shared: told, ...rest } = found;
        expect(rest).toEqual(whole);
        expect(told.four.length).toBeGreaterThanOrEqual(shared.four.length);
      }
    }),
    { numRuns: 20 },
  );
  expect(patched).toBeGreaterThan(0);
});

test('lines that went and came make the new text of the old one', () => {
  const line = fc.constantFrom('a\n', 'b\n', 'c\n', '\n', 'long and the same\n');
  const text = fc
    .tuple(fc.array(line, { maxLength: 60 }), fc.constantFrom('', 'a'))
    .map(([all, end]) => all.join('') + end);
  fc.assert(
    fc.property(text, text, (old, now) => {
      let [from, left] = ['', old];
      for (const { went, came } of changedLines(Buffer.from(old), Buffer.from(now))) {
        // What is between two hunks is the same: the next hunk begins at the first place that fits.
        const at = place(
          left,
          Buffer.from(went).toString(),
          Buffer.from(came).toString(),
          now.slice(from.length),
        );
        from += left.slice(0, at) + Buffer.from(came).toString();
        left = left.slice(at + went.length);
      }
      expect(from + left).toBe(now);
    }),
  );
});

/** How much of both texts is the same before a hunk. */
function place(left: string, went: string, came: string, rest: string): number {
  let at = 0;
  while (!(left.startsWith(went, at) && rest.startsWith(came, at) && differs(left.slice(at), rest.slice(at))))
    at++;
  return at;
}

function differs(x: string, y: string): boolean {
  return x.slice(0, x.indexOf('\n') + 1 || undefined) !== y.slice(0, y.indexOf('\n') + 1 || undefined);
}

test.each<[string, string[]]>([
  ['a bad line', ['10.0.0.256']],
  ['a line with a byte order mark', [LINES[0] ?? '', '\ufeff192.0.2.7']],
  ['an exception', ['add l 10.0.0.0/8 nomatch']],
  ['much of it', LINES.slice(0, 9000).map((line) => `${line} # new`)],
  ['an address of another line', ['192.0.2.1']],
])('%s: all of it is parsed', (_what, lines) => {
  const format: ListFormat = { format: 'ipset' };
  const store = keeping(LINES, format);
  expect(patch(store, [...LINES.slice(9000), ...LINES.slice(0, 9000)].slice(0, 1), format)).toBeUndefined();
  expect(patch(store, [...lines, ...LINES.slice(lines.length)], format)).toBeUndefined();
  expect(patch(store, [...LINES, '198.18.0.1'], format)?.entries).toBe(LINES.length + 1);
});

test('a line in front of the byte order mark makes the mark part of a line, as it does when all of it is parsed', () => {
  const format: ListFormat = { format: 'ipset' };
  const lines = LINES.map((line) => `add l ${line}`);
  const store = keeping([`\ufeff${lines[0] ?? ''}`, ...lines.slice(1)], format);
  const before = ['add l 198.18.0.1', `\ufeff${lines[0] ?? ''}`, ...lines.slice(1)];
  expect(parse(before, format).problems).toHaveLength(1);
  expect(patch(store, before, format)).toBeUndefined();
  for (const mark of ['', '\ufeff'])
    expect(patch(store, [`${mark}add l 198.18.0.1`, ...lines], format)?.entries).toBe(lines.length + 1);
});

test('a list that grows beyond what is read is refused like one that nobody knows', () => {
  const format: ListFormat = { format: 'plain' };
  const store = keeping(LINES, format, { entries: 5_000_000 });
  expect(patch(store, LINES.slice(1), format)?.entries).toBe(4_999_999);
  expect(patch(store, [...LINES, '198.18.0.1'], format)).toBeUndefined();
});

const FILES = {
  'hosts/edge-1.yaml': hostFile('  a: {policy: edge}'),
  'policies/edge.yaml': policyFile('rules:', '- {name: many, match: {source: {list: many}}, action: drop}'),
  'lists/many.txt': `${LINES.join('\n')}\n`,
};

test('the text of a list is kept behind a pass, once, and believed while its seal fits', async () => {
  const [folder, dataDir] = [stateDir(FILES), scratch()];
  const load = async (lines: string[]) => {
    write(folder, { 'lists/many.txt': `${lines.join('\n')}\n` });
    const loaded = await loadHost({ stateDir: folder, host: 'edge-1', store: new DiskObjectStore(dataDir) });
    loaded.remember?.();
    return loaded.desired.lists?.[0];
  };
  const texts = join(dataDir, 'objects/texts');
  const only = () => {
    const names = readdirSync(texts);
    expect(names).toHaveLength(1);
    return join(texts, names[0] ?? '');
  };
  const first = await load(LINES);
  expect(only().endsWith(`.${first?.set.digest ?? ''}`)).toBe(true);
  const second = await load(LINES.slice(5));
  expect(only().endsWith(`.${second?.set.digest ?? ''}`)).toBe(true);
  const kept = readFileSync(only());
  const spoilt = [
    '',
    kept.subarray(1),
    kept.subarray(0, -1),
    Buffer.concat([kept, Buffer.from('1.2.3.4\n')]),
  ];
  for (const [round, bytes] of spoilt.entries()) {
    writeFileSync(only(), bytes);
    const lines = LINES.slice(6 + round);
    const list = await load(lines);
    expect(list?.entries).toBe(lines.length);
    expect(list?.set.content()).toEqual(parse(lines, { format: 'plain' }).ranges);
  }
});
