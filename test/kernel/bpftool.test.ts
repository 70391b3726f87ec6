import { chmodSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import {
  dumpMap,
  findBpftool,
  showLinks,
  showMaps,
  showNet,
  showPrograms,
} from '../../src/kernel/bpftool.js';
import { createLink } from '../../src/kernel/attach.js';
import { Fd } from '../../src/kernel/fd.js';
import { linkInfo, mapInfo, programId } from '../../src/kernel/pinned.js';
import { caught, rejected } from '../lab/caught.js';
import { FakeBpftool, fixture } from '../lab/fake-bpftool.js';
import { compileProgram, loadIcmpDrop } from '../lab/programs.js';
import { createLab } from '../lab.js';
import { hostFile, ICMP_DROP, reconcile } from '../support/host.js';

const LIMITS = { time: 60_000, output: 1 << 20 };

test('real output is read: two XDP programs, tc with and without an id', async () => {
  using fake = new FakeBpftool();
  const net = await showNet(fake.path);
  expect(net.xdp).toEqual([
    { ifindex: 2, mode: 'generic', id: 123 },
    { ifindex: 3, mode: 'driver', id: 123 },
  ]);
  expect(net.tc).toEqual([
    { ifindex: 2, kind: 'clsact/egress' },
    { ifindex: 3, kind: 'clsact/ingress', name: 'tc:[*fsobj]', id: 128 },
  ]);
  expect(await showPrograms(fake.path)).toContainEqual({
    id: 123,
    name: 'icmp_drop',
    map_ids: [29],
    bytes_memlock: 4096,
  });
  expect(await showMaps(fake.path)).toContainEqual({
    id: 29,
    name: 'icmp_drops',
    max_entries: 1,
    bytes_memlock: 320,
  });
  expect(await showLinks(fake.path)).toEqual([
    { id: 92, type: 'xdp', prog_id: 123 },
    { id: 93, type: 11, prog_id: 128 }, // a tcx link: newer than bpftool 7.1
  ]);
});

test('names that bpftool writes as they are, though JSON has no such strings, are read all the same', async () => {
  using fake = new FakeBpftool();
  const name = String.raw`a\\'\'\"b\\x`;
  const tc = `{"devname":"x\u0001y","ifindex":2,"kind":"clsact/ingress","name":"${name}\u001b[2J\n","id":7}`;
  fake.answer('net show', `[{"xdp":[],"tc":[${tc}]}]`);
  expect((await showNet(fake.path)).tc).toEqual([
    { ifindex: 2, kind: 'clsact/ingress', name: String.raw`a\''"b\x` + '\u001b[2J\n', id: 7 },
  ]);
});

test('real interfaces and tc programs may have such names', async () => {
  await using lab = await createLab();
  const odd = "it's\u0001\u001b";
  await lab.exec('ip', 'link', 'add', odd, 'type', 'veth', 'peer', 'name', 'plain');
  const object = join(lab.directory, "o\u0007d'd.o");
  writeFileSync(object, await compileProgram('observer'));
  await lab.exec('tc', 'qdisc', 'add', 'dev', odd, 'clsact');
  await lab.exec('tc', 'filter', 'add', 'dev', odd, 'ingress', 'bpf', 'da', 'obj', object, 'sec', 'tc');
  const net = await lab.exec('bpftool', '-j', 'net', 'show');
  expect(() => JSON.parse(net) as unknown).toThrow();
  lab.writeState({ 'hosts/lab.yaml': hostFile({ veth0: `program: ${ICMP_DROP}` }) });
  expect(await reconcile(lab)).toMatchObject({
    changed: true,
    interfaces: [{ name: 'veth0', condition: 'Ready' }],
  });
  expect(await lab.run(['status'])).toMatchObject({ exitCode: 0 });
  await lab.exec('ip', 'link', 'del', 'plain'); // the lab itself reads nothing but JSON
});

test('several programs on one interface (tools/bpf/bpftool/net.c: XDP_ATTACHED_MULTI) are read', async () => {
  using fake = new FakeBpftool();
  const several = {
    ifindex: 2,
    multi_attachments: [
      { mode: 'generic', id: 7 },
      { mode: 'offload', id: 9 },
    ],
  };
  fake.answer('net show', JSON.stringify([{ xdp: [several], tc: [], flow_dissector: [], netfilter: [{}] }]));
  expect((await showNet(fake.path)).xdp).toEqual([several]);
});

test.each([
  ['map-dump', [{ formatted: { key: 0, value: 0 } }]],
  [
    'map-dump-percpu',
    [
      {
        formatted: {
          key: 0,
          values: [
            { cpu: 0, value: 0 },
            { cpu: 1, value: 0 },
          ],
        },
      },
      {},
    ],
  ],
  ['map-dump-rodata', [{ formatted: { value: { '.rodata': [{ setting: 3 }] } } }]],
  ['map-dump-no-btf', [{ value: Array(8).fill('0x00') }]],
])('a dump is read: %s', async (name, entries) => {
  using fake = new FakeBpftool();
  fake.answer('map dump id 5', fixture(name));
  expect(await dumpMap(5, fake.path)).toMatchObject(entries);
});

test('the real bpftool: an empty namespace, and what is loaded', async () => {
  await using lab = await createLab();
  expect(await lab.inside(() => showNet())).toEqual({ xdp: [], tc: [] });
  using object = loadIcmpDrop();
  const { id } = mapInfo(new Fd(object.mapFd('icmp_drops')));
  const bytes_memlock: unknown = expect.any(Number);
  const program = {
    id: programId(new Fd(object.programFd())),
    name: 'icmp_drop',
    map_ids: [id],
    bytes_memlock,
  };
  expect(await showPrograms()).toContainEqual(program);
  expect(await showMaps()).toContainEqual({ id, name: 'icmp_drops', max_entries: 1, bytes_memlock });
  expect(await dumpMap(id)).toMatchObject([{ formatted: { key: 0, value: 0 } }]);
  const linkId = await lab.inside(async () => {
    using link = createLink(new Fd(object.programFd()), await lab.ifindex('veth0'), 'generic');
    expect(await showLinks()).toContainEqual({ id: linkInfo(link).id, type: 'xdp', prog_id: program.id });
    return linkInfo(link).id;
  });
  expect(await showLinks()).not.toContainEqual(expect.objectContaining({ id: linkId }));
});

const SHOWS = {
  'net show': showNet,
  'prog show': showPrograms,
  'map show': showMaps,
  'link show': showLinks,
};

test.each(Object.entries(SHOWS))('an empty machine: %s', async (command, show) => {
  using fake = new FakeBpftool();
  const empty = command === 'net show' ? [{ xdp: [], tc: [], flow_dissector: [] }] : [];
  fake.answer(command, JSON.stringify(empty));
  expect(await show(fake.path)).toEqual(command === 'net show' ? { xdp: [], tc: [] } : []);
});

/** Ways to fail that are no answer; never to be read as "there is none". */
const FAILURES: [name: string, shell: string, message: RegExp][] = [
  [
    'fails with its own words',
    `echo '{"error":"no \\"rights\\" here"}'; exit 255`,
    /failed \(exit 255\): no .*rights/,
  ],
  ['fails inside an array', `echo '[{"error":"no rights"}]'; exit 255`, /failed \(exit 255\): no rights/],
  ['fails on stderr', 'echo "kernel too new" >&2; exit 2', /failed \(exit 2\): kernel too new/],
  ['fails in silence', 'exit 1', /failed \(exit 1\): it says nothing/],
  ['fails after an empty list', 'echo "[]"; exit 244', /failed \(exit 244\)/],
  ['prints nothing', 'exit 0', /printed nothing/],
  ['prints half a document', 'printf "[{\\"id\\":12"', /not a whole JSON document/],
  ['prints text', 'echo "1: xdp name x"', /not a whole JSON document/],
  ['hangs', 'sleep 60', /did not end within 0.5 s/],
  ['prints 1 GiB', 'exec head -c 1073741824 /dev/zero', /printed more than 1 MiB/],
  ['is killed', 'kill -KILL $$', /was ended by SIGKILL/],
  ['prints null', 'echo null', /is not understood/],
  ['prints an object', 'echo {}', /is not understood/],
  ['prints an error and exit 0', `echo '{"error":"no rights"}'`, /is not understood/],
  ['prints a list of nonsense', 'echo "[1]"', /is not understood/],
];

test.each(
  Object.entries(SHOWS).flatMap(([command, show]) =>
    FAILURES.map((failure) => [command, ...failure, show] as const),
  ),
)('%s: a bpftool that %s is an error', async (command, how, shell, message, show) => {
  using fake = new FakeBpftool();
  fake.behave(command, shell);
  const time = how === 'hangs' ? 500 : LIMITS.time;
  const error = await rejected(show(fake.path, { ...LIMITS, time }));
  expect(error).toMatchObject({
    name: 'EnvironmentError',
    exitCode: 78,
    message: expect.stringMatching(message) as string,
  });
  expect((error as Error).message).toContain(command);
});

test.each([
  ['net show', '[{"tc":[]}]', '"xdp" is missing in [0]'],
  ['net show', '[{"xdp":[]}]', '"tc" is missing in [0]'],
  ['net show', '[]', 'the answer is []'],
  ['net show', '[{"xdp":[{"ifindex":2,"mode":"driver"}],"tc":[]}]', '"id" is missing in [0].xdp[0]'],
  ['net show', '[{"xdp":[{"ifindex":2,"id":1}],"tc":[]}]', '"mode" is missing in [0].xdp[0]'],
  ['net show', '[{"xdp":[{"ifindex":2,"mode":"warp","id":1}],"tc":[]}]', '[0].xdp[0].mode is "warp"'],
  ['prog show', '[{"id":1},{"name":"x"}]', '"id" is missing in [1]'],
  ['prog show', '[{"id":"1"}]', '[0].id is "1"'],
  ['map show', '[{"name":"x"}]', '"id" is missing in [0]'],
  ['link show', '[{"id":1,"prog_id":2}]', '"type" is missing in [0]'],
])('%s: %s lacks what is needed: %s', async (command, answer, problem) => {
  using fake = new FakeBpftool();
  fake.answer(command, answer);
  const show = SHOWS[command as keyof typeof SHOWS];
  const error = (await rejected(show(fake.path))) as Error;
  expect(error.message).toBe(`\`bpftool ${command}\` of bpftool 7.1.0 is not understood: ${problem}`);
});

test('a bpftool that cannot even say its version is described as such', async () => {
  using fake = new FakeBpftool();
  fake.answer('prog show', '{}');
  fake.behave('version', 'exit 1');
  expect(await rejected(showPrograms(fake.path))).toMatchObject({
    message: expect.stringContaining('bpftool (unknown version) is not understood') as string,
  });
});

test('a map that cannot be dumped is an error, though bpftool prints an empty list', async () => {
  using fake = new FakeBpftool();
  fake.answer('map dump id 5', '[]', 244); // what bpftool 7.1 does with a ring buffer
  expect(await rejected(dumpMap(5, fake.path))).toMatchObject({ name: 'EnvironmentError' });
});

test('XDPKEEP_BPFTOOL wins, then PATH; an absent one is an error that says how to get it', () => {
  using fake = new FakeBpftool();
  expect(findBpftool({ XDPKEEP_BPFTOOL: fake.path, PATH: '/usr/sbin' })).toBe(fake.path);
  expect(findBpftool({ PATH: `relative:${dirname(fake.path)}` })).toBe(fake.path);
  expect(findBpftool({})).toMatch(/^\/.*\/bpftool$/);
  expect(caught(() => findBpftool({ XDPKEEP_BPFTOOL: 'bpftool' }))).toMatchObject({
    name: 'EnvironmentError',
    message: 'XDPKEEP_BPFTOOL is not an absolute path: bpftool',
  });
});

test.each([
  ['absent', (fake: FakeBpftool) => join(dirname(fake.path), 'absent')],
  [
    'not executable',
    (fake: FakeBpftool) => {
      chmodSync(fake.path, 0o644);
      return fake.path;
    },
  ],
])('a bpftool that is %s is an error with a hint', async (_, place) => {
  using fake = new FakeBpftool();
  expect(await rejected(showPrograms(place(fake)))).toMatchObject({
    name: 'EnvironmentError',
    message: expect.stringContaining('did not start') as string,
    hint: expect.stringContaining('executable') as string,
  });
});

test('a link that is being made is waited for, though not for ever', async () => {
  using fake = new FakeBpftool();
  const busy = `[{"error":"can't get link by id (908): Resource temporarily unavailable"}]`;
  fake.answer('busy', busy, 255);
  fake.behave('link show', '[ -e "$0.asked" ] && echo "[]" && exit; touch "$0.asked"; . "${0%/*}/busy"');
  expect(await showLinks(fake.path)).toEqual([]);
  fake.answer('link show', busy, 255);
  expect(await rejected(showLinks(fake.path))).toMatchObject({ exitCode: 78 });
});
