// What a policy says about its lists, and what is remembered of them.
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadHost } from '../../../src/desired/load.js';
import { DiskObjectStore, MemoryObjectStore } from '../../../src/disk/object-store.js';
import { sha256 } from '../../../src/disk/sha256.js';
import { JournalError } from '../../../src/model/errors.js';
import { readPolicy } from '../readers.js';
import { placeAndSummary, type Files, hostFile, policyFile, scratch, stateDir, write } from '../state-dir.js';

const CSV = 'id;net\n1;10.0.0.0/8\n2;192.0.2.1\n';
const rules = (...lists: string[]) => [
  'rules:',
  ...lists.map((list, at) => `- {name: r${at}, match: {source: {list: ${list}}}, action: drop}`),
];

function read(options: string, files: Files = {}, lines = rules('bogons')) {
  const text = policyFile(...lines, 'lists:', `  ${options}`);
  return readPolicy(stateDir({ 'policies/edge.yaml': text, 'lists/bogons.csv': CSV, ...files }));
}

test('a list is read as the policy says', () => {
  const { policy, problems } = read(
    `bogons: {column: net, separator: ;, maxEntries: 2, maxShrink: 50%, sha256: ${sha256(CSV)}}`,
  );
  expect(problems).toEqual([]);
  expect(policy?.rules[0]?.match.source).toMatchObject({ lists: ['bogons'], ranges: 2 });
  expect(policy).not.toHaveProperty('lists');
});

test.each(['netset', 'ipset'])('a file of the name .%s needs no options', (extension) => {
  const lists = { [`lists/b.${extension}`]: 'create b hash:net\nadd b 10.0.0.0/8\n10.9.0.0/16\n' };
  const folder = stateDir({ 'policies/edge.yaml': policyFile(...rules('b')), ...lists });
  expect(readPolicy(folder)).toMatchObject({
    problems: [],
    policy: { rules: [{ match: { source: { ranges: 1 } } }] },
  });
});

describe('refused', () => {
  test.each<[name: string, options: string, expected: string[], files?: Files]>([
    [
      'another file',
      `bogons: {column: 2, separator: ;, header: true, sha256: ${'a'.repeat(64)}}`,
      ['7:59-123 list was changed'],
    ],
    ['too many', 'bogons: {column: net, separator: ;, maxEntries: 1}', ['7:51-52 list too long']],
    ['an unknown list', 'bogus: {maxEntries: 1}', ['7:3-8 unknown list']],
    ['an option of csv', 'bogons: {format: plain, column: 1}', ['7:35-36 option of another format']],
    ['a share', 'bogons: {maxShrink: 101%}', ['7:23-27 invalid value']],
    ['a number as a share', 'bogons: {maxShrink: 50}', ['7:23-25 wrong type']],
    ['a separator', 'bogons: {separator: "::"}', ['7:23-27 invalid value']],
    ['a column without a header', 'bogons: {column: net, header: false}', ['7:20-23 invalid value']],
    ['an unknown option', 'bogons: {maxEntry: 1}', ['7:12-20 unknown field']],
  ])('%s', (_name, options, expected) => {
    const { policy, problems } = read(options);
    const own = problems.filter(({ at }) => at.file === 'policies/edge.yaml');
    expect(own.map((one) => placeAndSummary(one).replace('policies/edge.yaml:', ''))).toEqual(expected);
    expect(policy === undefined || own.length > 0).toBe(true);
  });

  test('options of a list that no rule names', () => {
    const { problems } = read(
      'bogons: {column: net, separator: ;}',
      { 'lists/a.txt': '10.0.0.0/8' },
      rules('a'),
    );
    expect(problems.map(placeAndSummary)).toEqual(['policies/edge.yaml:7:3-9 unused list options']);
  });

  test('two files for one list', () => {
    const { problems } = read('bogons: {column: net}', { 'lists/bogons.txt': '' });
    expect(problems).toMatchObject([{ summary: 'two files for one list', at: { file: 'lists/bogons.txt' } }]);
  });

  test('a bad line, by the line and column of the file', () => {
    const { problems } = read('bogons: {column: 1, separator: ;}');
    expect(problems.map(placeAndSummary)).toEqual([
      'lists/bogons.csv:1:1-3 invalid address',
      'lists/bogons.csv:2:1-2 invalid address',
      'lists/bogons.csv:3:1-2 invalid address',
    ]);
  });
});

const HOST = hostFile('  a: {policy: edge}', '  b: {policy: other}');

test('a list that two policies of a host read in two ways is refused', async () => {
  const other = policyFile(...rules('bogons'), 'lists: {bogons: {skipBad: true, separator: ;, column: 2}}');
  const folder = stateDir({
    'hosts/edge-1.yaml': HOST,
    'policies/edge.yaml': policyFile(...rules('bogons'), 'lists: {bogons: {separator: ;, column: 3}}'),
    'policies/other.yaml': other.replace('name: edge', 'name: other'),
    'lists/bogons.csv': '10.0.0.1;10.0.0.2;10.0.0.3\n',
  });
  const load = () => loadHost({ stateDir: folder, store: new MemoryObjectStore(), host: 'edge-1' });
  await expect(load()).rejects.toMatchObject({
    diagnostics: [{ summary: 'list read in two ways', at: { file: 'hosts/edge-1.yaml', line: 6 } }],
  });
  write(folder, {
    'policies/edge.yaml': policyFile(...rules('bogons'), 'lists: {bogons: {separator: ;, column: 2}}'),
  });
  expect((await load()).desired.lists).toMatchObject([{ name: 'bogons', entries: 1, set: { ranges: 1 } }]);
});

test('a list may lose half, unless the policy says otherwise; of two policies the stricter counts', async () => {
  const load = async (edge: string, other: string) => {
    const folder = stateDir({
      'hosts/edge-1.yaml': HOST,
      'policies/edge.yaml': policyFile(...rules('bogons'), `lists: {bogons: ${edge}}`),
      'policies/other.yaml': policyFile(...rules('bogons'), `lists: {bogons: ${other}}`).replace(
        'name: edge',
        'name: other',
      ),
      'lists/bogons.txt': '10.0.0.1\n',
    });
    const { desired } = await loadHost({
      stateDir: folder,
      store: new MemoryObjectStore(),
      host: 'edge-1',
    });
    return desired.lists?.map(({ maxShrink }) => maxShrink);
  };
  expect(await load('{}', '{}')).toEqual([50]);
  expect(await load('{maxShrink: 80%}', '{}')).toEqual([80]);
  expect(await load('{maxShrink: 80%}', '{maxShrink: 70%}')).toEqual([70]);
});

describe('what was parsed once', () => {
  const text = Array.from({ length: 500 }, (_, at) => `10.${at >> 8}.${at & 255}.1\n`).join('');
  const files = {
    'hosts/edge-1.yaml': hostFile('  a: {policy: edge}'),
    'policies/edge.yaml': policyFile(
      ...rules('big', 'more'),
      '- {name: both, match: {destination: [{list: big}, 192.0.2.1, {list: more}]}, action: pass}',
      'lists: {big: {skipBad: true}}',
    ),
    'lists/big.txt': `${text}x\n`,
    'lists/more.txt': text.replaceAll(/^10/gm, '11'),
  };
  /** A state directory, and what loading it says and looks at. */
  function load(stateDir: string, dataDir: string) {
    let parsed = 0;
    const store = new DiskObjectStore(dataDir);
    const get = store.get.bind(store);
    let loaded = 0;
    store.get = (...args) => {
      if (args[1] === 'set') loaded++;
      return get(...args);
    };
    const remember = store.rememberList.bind(store);
    store.rememberList = (...args) => {
      parsed++;
      remember(...args);
    };
    return loadHost({ stateDir, store, host: 'edge-1' }).then(({ desired, warnings }) => {
      const sets = desired.interfaces.flatMap(({ program }) =>
        (program.firewall?.policy.rules ?? []).flatMap(
          ({ match }) => match.source ?? match.destination ?? [],
        ),
      );
      return { parsed, loaded, desired, sets, warnings, counts: () => loaded };
    });
  }

  test('is neither parsed nor loaded again, and says the same', async () => {
    const [folder, dataDir] = [stateDir(files), scratch()];
    const first = await load(folder, dataDir);
    const second = await load(folder, dataDir);
    expect([first.parsed, second.parsed, second.loaded]).toEqual([3, 0, 0]);
    expect(second.desired.digest).toBe(first.desired.digest);
    expect(second.warnings).toEqual(first.warnings);
    expect(first.warnings).toMatchObject([{ summary: 'bad lines skipped' }]);
    expect(second.sets.map((set) => set.content())).toEqual(first.sets.map((set) => set.content()));
    expect(second.sets.map(({ ranges }) => ranges)).toEqual([500, 500, 1001]);
    expect(second.counts()).toBe(3);
  });

  test('is made again where it was lost, and refused where it was damaged and its source is gone', async () => {
    const [folder, dataDir] = [stateDir(files), scratch()];
    const { sets } = await load(folder, dataDir);
    const objects = join(dataDir, 'objects');
    for (const name of readdirSync(objects).filter((one) => one.endsWith('.set')))
      rmSync(join(objects, name));
    const again = await load(folder, dataDir);
    expect(again.parsed).toBe(3);
    expect(again.sets.map((set) => set.content())).toEqual(sets.map((set) => set.content()));
    const damage = () => {
      for (const name of readdirSync(objects).filter((one) => one.endsWith('.set')))
        writeFileSync(join(objects, name), 'no ranges');
    };
    damage();
    const healed = await load(folder, dataDir);
    expect(healed.sets.map((set) => set.content())).toEqual(sets.map((set) => set.content()));
    const sound = await load(folder, dataDir);
    expect([sound.sets.map((set) => set.content()).length, sound.counts(), sound.parsed]).toEqual([3, 3, 0]);
    damage();
    const lost = await load(folder, dataDir);
    writeFileSync(join(folder, 'lists/big.txt'), '10.0.0.1\n');
    expect(() => lost.sets[0]?.content()).toThrow(JournalError);
    expect((await load(folder, dataDir)).parsed).toBe(2);
  });
});
