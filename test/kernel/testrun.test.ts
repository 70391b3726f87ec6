import { expect, test } from 'vitest';
import { dumpMap } from '../../src/kernel/bpftool.js';
import { Fd } from '../../src/kernel/fd.js';
import { BpfObject } from '../../src/kernel/object.js';
import { mapInfo } from '../../src/kernel/pinned.js';
import { VERDICT, liveFrames, testRun } from '../../src/kernel/testrun.js';
import { caught } from '../lab/caught.js';
import { compileProgram, loadIcmpDrop } from '../lab/programs.js';
import { createLab } from '../lab.js';

const ETHERNET = Buffer.from('0200000000020200000000010800', 'hex');

/** An IPv4 packet of one protocol, in a minimal frame. */
function packet(protocol: number): Buffer {
  const ip = Buffer.alloc(46);
  ip[0] = 0x45;
  ip[9] = protocol;
  return Buffer.concat([ETHERNET, ip]);
}

test.each([
  ['ICMP', 1, 'drop'],
  ['TCP', 6, 'pass'],
  ['UDP', 17, 'pass'],
] as const)('%s: the verdict of the builtin program on protocol %i is %s', (_, protocol, verdict) => {
  using object = loadIcmpDrop();
  expect(testRun(object.programFd(), { data: packet(protocol) })).toMatchObject({
    verdict: VERDICT[verdict],
    data: packet(protocol),
  });
});

test('the frame comes back as the program left it, with the mean time of a run', async () => {
  using object = BpfObject.open(await compileProgram('counter'), 'count_and_mark_packets');
  object.load();
  const data = packet(17);
  const result = testRun(object.programFd(), { data, repeat: 1000 });
  expect(result.verdict).toBe(VERDICT.pass);
  expect(Buffer.from(result.data)).toEqual(Buffer.concat([Buffer.from([0xaa]), data.subarray(1)]));
  expect(result.duration).toBeGreaterThan(0);
  expect(result.duration).toBeLessThan(1_000_000);
  expect(data[0]).toBe(0x02);
});

test('a frame that is too short for Ethernet is refused', () => {
  using object = loadIcmpDrop();
  expect(caught(() => testRun(object.programFd(), { data: Buffer.alloc(5) }))).toMatchObject({
    code: 'EINVAL',
  });
});

test('live frames run on the interface that they are said to come from', async () => {
  await using lab = await createLab();
  const ifindex = await lab.ifindex('veth0');
  using object = loadIcmpDrop();
  const program = new Fd(object.programFd());
  const drops = new Fd(object.mapFd('icmp_drops'));
  const input = { data: packet(1), ingressIfindex: ifindex, repeat: 1000 };
  await lab.inside(() => {
    liveFrames(program.number, { ...input, batchSize: 32 });
  });
  expect(await dumpMap(mapInfo(drops).id)).toMatchObject([{ formatted: { value: 1000 } }]);
});

test('an interface of another namespace is not found', async () => {
  await using lab = await createLab();
  using object = loadIcmpDrop();
  const data = packet(17);
  await lab.inside(() => {
    expect(caught(() => testRun(object.programFd(), { data, ingressIfindex: 4242 }))).toMatchObject({
      code: 'ENODEV',
    });
  });
});
