import { expect, test } from 'vitest';
import { parseSocket } from '../../src/kernel/sockets.js';

const REST = '00000000:00000000 00:00000000 00000000     0        0';

test.each([
  [
    `0: 0100000A:0016 070200C0:C83B 01 ${REST} 4711 1 0000000000000000 20 4 30 10 -1`,
    ['10.0.0.1', 22, '192.0.2.7', 51259, 'established', 4711],
  ],
  [
    `1: 00000000:0016 00000000:0000 0A ${REST} 12 1 0000000000000000 100 0 0 10 0`,
    ['0.0.0.0', 22, '0.0.0.0', 0, 'listening', 12],
  ],
  [
    `2: B80D0120000000000000000001000000:0016 0000000000000000FFFF0000070200C0:C83B 06 ${REST} 0`,
    ['2001:0db8:0000:0000:0000:0000:0000:0001', 22, '192.0.2.7', 51259, 'other', 0],
  ],
])('%s', (line, [address, port, from, fromPort, state, inode]) => {
  expect(parseSocket(line)).toEqual({
    local: { address, port },
    remote: { address: from, port: fromPort },
    state,
    inode,
  });
});

test.each(['', 'sl local_address rem_address st', '0: 0100000A:0016 nothing 01'])(
  'what is no socket is none: %s',
  (line) => {
    expect(parseSocket(line)).toBeUndefined();
  },
);
