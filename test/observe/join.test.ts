import { expect, test } from 'vitest';
import { type Answers, type Own, checkOwned, joinInterfaces } from '../../src/observe/join.js';
import { Disagreement } from '../../src/observe/disagreement.js';
import type { LinkInfo } from '../../src/kernel/pinned.js';
import { caught } from '../lab/caught.js';

const ANSWERS: Answers = {
  net: {
    xdp: [
      { ifindex: 2, mode: 'driver', id: 10 },
      { ifindex: 3, mode: 'generic', id: 11 },
    ],
    tc: [
      { ifindex: 2, kind: 'clsact/ingress', name: 'filter', id: 20 },
      { ifindex: 2, kind: 'clsact/egress' },
      { ifindex: 3, kind: 'tcx/ingress', name: 'newer', prog_id: 21 },
    ],
  },
  programs: [{ id: 10, name: 'ours' }, { id: 11 }, { id: 20, name: 'cil_from_netdev' }],
  maps: [{ id: 30, max_entries: 1 }],
  links: [
    { id: 40, type: 'xdp', prog_id: 10 },
    { id: 41, type: 11, prog_id: 21 },
  ],
};

const OWN: Own = {
  interfaces: [
    { name: 'lo', ifindex: 1 },
    { name: 'eth0', ifindex: 2 },
    { name: 'eth1', ifindex: 3 },
  ],
  owned: [],
};

const LINK: LinkInfo = { id: 40, programId: 10, ifindex: 2 };
const infoOf =
  (...links: LinkInfo[]) =>
  (id: number) =>
    links.find((link) => link.id === id);

test('programs, links, names and tc programs come together by interface', () => {
  expect(joinInterfaces(ANSWERS, OWN, infoOf(LINK))).toEqual([
    { name: 'lo', ifindex: 1, xdp: [], tc: [] },
    {
      name: 'eth0',
      ifindex: 2,
      xdp: [{ mode: 'native', programId: 10, programName: 'ours', linkId: 40 }],
      tc: [{ kind: 'clsact/ingress', name: 'cil_from_netdev', programId: 20 }],
    },
    {
      name: 'eth1',
      ifindex: 3,
      xdp: [{ mode: 'generic', programId: 11, programName: '' }],
      tc: [{ kind: 'tcx/ingress', name: 'newer', programId: 21 }],
    },
  ]);
});

test('several programs on one interface are all listed', () => {
  const attachments = [
    { mode: 'driver' as const, id: 10 },
    { mode: 'offload' as const, id: 11 },
  ];
  const answers = { ...ANSWERS, net: { xdp: [{ ifindex: 2, multi_attachments: attachments }], tc: [] } };
  const [, eth0] = joinInterfaces(answers, OWN, infoOf(LINK));
  expect(eth0?.xdp.map(({ mode, programId }) => [mode, programId])).toEqual([
    ['native', 10],
    ['offload', 11],
  ]);
});

test('a link of the same program on another interface does not hold it here', () => {
  const [, eth0] = joinInterfaces(ANSWERS, OWN, infoOf({ ...LINK, ifindex: 7 }));
  expect(eth0?.xdp).toEqual([{ mode: 'native', programId: 10, programName: 'ours' }]);
});

test('of two links that fit (one is in another namespace) the pinned one is meant', () => {
  const links = [{ id: 39, type: 'xdp', prog_id: 10 }, ...ANSWERS.links];
  const infos = infoOf(LINK, { ...LINK, id: 39 });
  const owned = [{ name: 'eth0', instances: [], link: LINK }];
  const [, pinned] = joinInterfaces({ ...ANSWERS, links }, { ...OWN, owned }, infos);
  expect(pinned?.xdp[0]?.linkId).toBe(40);
  const [, unpinned] = joinInterfaces({ ...ANSWERS, links }, OWN, infos);
  expect(unpinned?.xdp[0]?.linkId).toBe(39);
});

test.each<[string, Answers, Own, LinkInfo[]]>([
  ['an interface that is not listed', ANSWERS, { ...OWN, interfaces: OWN.interfaces.slice(0, 2) }, [LINK]],
  ['an attached program that is not shown', { ...ANSWERS, programs: [{ id: 11 }] }, OWN, [LINK]],
  ['a link that vanished', ANSWERS, OWN, []],
])('%s is a disagreement', (_, answers, own, links) => {
  expect(caught(() => joinInterfaces(answers, own, infoOf(...links)))).toBeInstanceOf(Disagreement);
});

const OWNED = {
  name: 'eth0',
  link: LINK,
  instances: [
    {
      digest: 'd',
      programId: 10,
      maps: [{ name: 'm', id: 30, type: 2, keySize: 4, valueSize: 8, maxEntries: 1, flags: 0 }],
    },
  ],
  foreign: { programId: 11, mode: 'native' as const },
};

test('what is pinned and shown agrees', () => {
  checkOwned([OWNED], ANSWERS);
});

test.each<[string, Partial<Answers>]>([
  ['its link is not shown', { links: [] }],
  ['its link runs another program', { links: [{ id: 40, type: 'xdp', prog_id: 11 }] }],
  ['its program is not shown', { programs: [{ id: 11 }] }],
  ['its foreign program is not shown', { programs: [{ id: 10 }] }],
  ['its map is not shown', { maps: [] }],
])('a pinned interface disagrees when %s', (_, change) => {
  expect(
    caught(() => {
      checkOwned([OWNED], { ...ANSWERS, ...change });
    }),
  ).toBeInstanceOf(Disagreement);
});

test('a pinned link of another type is an error', () => {
  const links = [{ id: 40, type: 11, prog_id: 10 }];
  expect(
    caught(() => {
      checkOwned([OWNED], { ...ANSWERS, links });
    }),
  ).toMatchObject({ name: 'EnvironmentError', message: 'the link pinned for eth0 is of type 11, not xdp' });
});
