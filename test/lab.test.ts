import { expect, test } from 'vitest';
import { createLab } from './lab.js';

test('packets get through, a drop program stops pings, a conversation goes on', async () => {
  await using lab = await createLab();
  await using conversation = await lab.converse();
  expect(await conversation.say('before')).toBe('before');
  expect(await lab.ping(4)).toEqual({ sent: 4, received: 4 });
  await lab.attachForeign('veth0');
  expect(await lab.ping(4)).toEqual({ sent: 4, received: 0 });
  expect(await conversation.say('after')).toBe('after');
});

test('a flood without a program gets through to the stack, and with one it does not', async () => {
  await using lab = await createLab();
  const before = await lab.icmpReceived();
  await using open = await lab.flood({ frames: 20_000, seconds: 5 });
  expect(await open.done()).toBe(20_000);
  const after = await lab.icmpReceived();
  expect(after - before).toBeGreaterThan(10_000);
  await lab.attachForeign('veth0');
  await using closed = await lab.flood({ frames: 20_000, seconds: 5 });
  expect(await closed.done()).toBe(20_000);
  expect(await lab.icmpReceived()).toBe(after);
});

test('a process that is left behind is residue', async () => {
  const lab = await createLab();
  const sleeper = lab.exec('sleep', '20').catch(String);
  await expect.poll(() => lab.exec('ip', 'netns', 'pids', lab.name)).toMatch(/\d+\n\d+/);
  await expect(lab[Symbol.asyncDispose]()).rejects.toThrow(/left behind: .*process \d+/);
  expect(await sleeper).toContain('exit none');
});
