// A second reconcile changes nothing at all: no system call of it, of its threads or of its tools could.
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readOwned } from '../../src/observe/owned.js';
import { createLab, type Lab } from '../lab.js';
import { document, ICMP_DROP, OWN, ownProgram, writeHost } from '../support/host.js';
import { trace } from '../support/strace.js';

it('a reconcile with nothing to do makes no system call that changes anything', async () => {
  await using lab = await createLab({ pairs: 3 });
  lab.writeState({ 'programs/own.bpf.c': ownProgram('extra') });
  await lab.attachForeign('veth2');
  writeHost(lab, {
    veth0: `program: ${ICMP_DROP}`,
    veth1: `program: ${OWN}`,
    veth2: `program: ${ICMP_DROP}, foreign: replace`,
  });

  const first = await trace(lab, ['reconcile', '--output', 'json']);
  const done = document<{ interfaces: unknown }>(first.finished, 0);
  // What must not be there the second time is there the first time, and is seen.
  for (const call of CHANGES) expect(first.changing).toContainEqual(expect.stringMatching(call));
  expect(first.executed).toContainEqual(expect.stringContaining('clang'));

  const before = stamps(lab);
  const second = await trace(lab, ['reconcile', '--output', 'json']);
  expect(document(second.finished, 0)).toMatchObject({ changed: false, interfaces: done.interfaces });
  expect(stamps(lab)).toEqual(before);
  // Locking asks for write access (flock(2) on NFS); what is locked is never written to, or that would be here too.
  const changing = second.changing.filter((call) => !QUESTIONS.some((one) => one.test(call)));
  expect(changing).toEqual([expect.stringMatching(/^openat\(.*\/data\/lock", O_RDWR\|O_CREAT/)]);
  expect(second.executed.map((path) => path.replace(/^.*\//, '')).sort()).toEqual(
    ['bpftool', 'bpftool', 'bpftool', 'bpftool', 'node'].sort(),
  );
});

const CHANGES = [
  /^bpf\(BPF_PROG_LOAD/,
  /^bpf\(BPF_LINK_CREATE/,
  /^bpf\(BPF_OBJ_PIN/,
  /^mkdir.*\/data"/,
  /^symlink.*\/xdpkeep\/foreign\//,
  /^rename/,
  /^write.*\/data\/journal\.ndjson>/,
  /^send.*RTM_SETLINK/,
];

/** Over netlink, as strace writes them: RTM_GETLINK, CTRL_CMD_GETFAMILY, NETDEV_CMD_DEV_GET. */
const QUESTIONS = [
  /^sendto\(.*nlmsg_type=(?:RTM_GETLINK|0x12)\b/,
  /^sendto\(.*nlmsg_type=(?:nlctrl|0x10)\b.*"\\x03/,
  /^sendto\(.*nlmsg_type=netdev,.*"\\x01/,
];

/** Ids of all that is pinned, and inode, size and times of all files of ours. */
function stamps({ dataDir, bpffs }: Lab): unknown {
  const files = [dataDir, join(bpffs, 'xdpkeep')].flatMap((root) => [
    root,
    ...readdirSync(root, { recursive: true, encoding: 'utf8' }).map((path) => join(root, path)),
  ]);
  const states = files.sort().map((path) => {
    const { ino, size, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
    return [path, ino, size, mtimeNs, ctimeNs];
  });
  return { owned: readOwned(bpffs), states };
}
