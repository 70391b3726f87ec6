import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAddress, parseCidr } from '../../src/addresses/parse.js';
import { formatCidr } from '../../src/addresses/format.js';
import { maskWord } from '../../src/addresses/networks.js';
import type { Cidr } from '../../src/addresses/cidr.js';

const word = fc.oneof(fc.constantFrom(0, 1, 0xffff, 0x10000, 0xffffffff), fc.nat(0xffffffff));

const network: fc.Arbitrary<Cidr> = fc
  .record({ six: fc.boolean(), a: word, b: word, c: word, d: word, bits: fc.nat(128) })
  .map(({ six, bits, ...words }) => {
    const length = six ? bits : bits % 33;
    const cut = (value: number, at: number) => (value & maskWord(length, at)) >>> 0;
    const { a, b, c, d } = six ? words : { a: words.a, b: 0, c: 0, d: 0 };
    return { family: six ? 6 : 4, a: cut(a, 0), b: cut(b, 32), c: cut(c, 64), d: cut(d, 96), length };
  });

test('what is formatted is read back as the same network', () => {
  fc.assert(
    fc.property(network, (cidr) => {
      expect(parseCidr(formatCidr(cidr))).toEqual(cidr);
    }),
    { numRuns: 2000 },
  );
});

test('the text of an IPv6 address is the one that the platform would choose', () => {
  fc.assert(
    fc.property(network, (cidr) => {
      fc.pre(cidr.family === 6 && !(cidr.a === 0 && cidr.b === 0)); // URL writes embedded IPv4 in hexadecimal
      const text = formatCidr({ ...cidr, length: 128 });
      expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
    }),
    { numRuns: 1000 },
  );
});

const piece = fc.constantFrom(
  '::',
  ':',
  '.',
  '/',
  '0',
  '1',
  'ff',
  '255',
  '256',
  '10.0.0.1',
  '%',
  '-',
  ' ',
  'é',
);

test('garbage gives a problem, and an address only for what is one', () => {
  const garbage = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(garbage, (text) => {
      const read = parseCidr(text);
      if ('message' in read) expect(read.message).toMatch(/^must /);
      else expect(parseCidr(formatCidr(read))).toEqual(read);
    }),
    { numRuns: 5000 },
  );
});

test.each<[text: string, formatted: string]>([
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['255.255.255.255', '255.255.255.255'],
  ['10.0.0.1/32', '10.0.0.1'],
  ['::/0', '::/0'],
  ['::', '::'],
  ['::1', '::1'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['0:0:1:0:0:0:1:0', '0:0:1::1:0'],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['fe80::/10', 'fe80::/10'],
])('%s', (text, formatted) => {
  expect(formatCidr(parseCidr(text) as Cidr)).toBe(formatted);
});

test.each<[text: string, hint: string | undefined]>([
  ['', undefined],
  ['10.0.0', undefined],
  ['10.0.0.0.0', undefined],
  ['10.0.0.256', undefined],
  ['0x0a.0.0.1', undefined],
  ['010.0.0.1', 'Write 10.0.0.1, without leading zeros.'],
  ['10.0.0.0/08', 'Write for example 10.0.0.0/32.'],
  ['10.0.0.0/33', 'Write for example 10.0.0.0/32.'],
  ['10.0.0.0/', 'Write for example 10.0.0.0/32.'],
  ['10.0.0.0/8/8', 'Write for example 10.0.0.0/32.'],
  ['10.0.0.1-10.0.0.9', 'Write a range of addresses as networks: 10.0.0.0/24.'],
  ['10.0.0.1/8', 'Write 10.0.0.0/8 for the network, or 10.0.0.1 for the address.'],
  ['1.2.3.4/0', 'Write 0.0.0.0/0 for the network, or 1.2.3.4 for the address.'],
  ['2001:db8::1/64', 'Write 2001:db8::/64 for the network, or 2001:db8::1 for the address.'],
  ['fe80::1%eth0', 'Leave the zone (%...) out: the interface is named in the Host file.'],
  ['1::2::3', undefined],
  [':::', undefined],
  [':1', undefined],
  ['1:2:3:4:5:6:7:8::', undefined],
  ['1:2:3:4:5:6:7', undefined],
  ['12345::', undefined],
  ['1.2.3.4::', undefined],
  ['::1.2.3', undefined],
  ['::/129', 'Write for example ::/128.'],
])('%s is refused', (text, hint) => {
  const read = parseCidr(text);
  expect(read).toHaveProperty('message');
  expect('hint' in read ? read.hint : undefined).toBe(hint);
});

test('a packet has one address', () => {
  expect(parseAddress('10.0.0.1')).toEqual(parseCidr('10.0.0.1'));
  expect(parseAddress('10.0.0.1/32')).toHaveProperty('message');
  expect(parseAddress('x')).toHaveProperty('message');
});
