// How answers of the kernel end: an error, and a list that changed meanwhile, must never pass for a short list.
import { expect, it } from 'vitest';
import { type Answer, readPart } from '../../src/kernel/netlink-answer.js';
import { listLinks } from '../../src/kernel/rtnetlink.js';

const [LINK, DONE, ERROR] = [16, 3, 2];
const NONE: number[] = [];

function message(kind: number, body: number[], { flags = 0, size = 16 + body.length * 4 } = {}): Buffer {
  const bytes = Buffer.alloc(16 + body.length * 4);
  bytes.writeUInt32LE(size, 0);
  bytes.writeUInt16LE(kind, 4);
  bytes.writeUInt16LE(flags, 6);
  body.forEach((value, at) => bytes.writeInt32LE(value, 16 + at * 4));
  return bytes;
}

it.each([
  ['a part', [message(LINK, [1]), message(LINK, [2])], { isOver: false, found: [1, 2] }],
  ['the end', [message(LINK, [1]), message(DONE, [0])], { isOver: true, found: [1] }],
  ['an end that says nothing', [message(DONE, NONE)], { isOver: true }],
  ['an error', [message(ERROR, [-105])], { isOver: true, error: -105 }],
  [
    'an error at the end',
    [message(LINK, [1]), message(DONE, [-12])],
    { isOver: true, found: [1], error: -12 },
  ],
  ['a change', [message(LINK, [1], { flags: 0x10 })], { isOver: false, found: [1], interrupted: true }],
  ['a change at the end', [message(DONE, [0], { flags: 0x12 })], { isOver: true, interrupted: true }],
])('%s', (_, parts, wanted) => {
  const answer: Answer = { messages: [], error: 0, interrupted: false };
  const isOver = readPart(Buffer.concat(parts), answer);
  const { messages, ...rest } = answer;
  const found = messages.map((one) => one.readInt32LE());
  expect({ isOver, found, ...rest }).toEqual({ found: [], error: 0, interrupted: false, ...wanted });
});

it.each([0, 15, 4096])('a message of %d bytes is none', (size) => {
  const answer: Answer = { messages: [], error: 0, interrupted: false };
  expect(() => readPart(message(LINK, [1], { size }), answer)).toThrow(`a message of ${size} bytes`);
});

it('lists the links of this host', () => {
  expect(listLinks()).toContainEqual(expect.objectContaining({ name: 'lo', loopback: true }));
});
