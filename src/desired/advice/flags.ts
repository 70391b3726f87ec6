// TCP flags as other tools write them: a list of words, `SYN,ACK`, the letters of pf (`S/SA`), `SYN,RST SYN` of iptables, `syn / syn,ack` of nft.
import { TCP_FLAGS } from '../../model/names.js';

const NAMES = Object.keys(TCP_FLAGS);

/** `{syn: true, ack: false}` for what was written; `undefined` where it is no flags. */
export function adviseFlags(written: unknown): string | undefined {
  const texts = Array.isArray(written) ? (written as unknown[]) : [written];
  if (!texts.every((one) => typeof one === 'string') || texts.length === 0) return undefined;
  const text = texts.join(',').trim().toLowerCase();
  if (text === 'none') return map(NAMES, []);
  if (text === 'all') return map(NAMES, NAMES);
  const [first = '', second] = text.split(/\s*\/\s*|\s+(?=[^,/\s]+$)/);
  if (second === undefined) return map([], namesOf(first));
  // iptables names those that are looked at first, nft and pf those that are set.
  const [set, asked] = text.includes('/') ? [first, second] : [second, first];
  return map(namesOf(asked), namesOf(set));
}

function map(asked: string[] | undefined, set: string[] | undefined): string | undefined {
  if (!asked || !set) return undefined;
  const fields = NAMES.filter((name) => asked.includes(name) || set.includes(name));
  if (fields.length === 0) return undefined;
  return `{${fields.map((name) => `${name}: ${set.includes(name)}`).join(', ')}}`;
}

function namesOf(text: string): string[] | undefined {
  const words = text.split(/[\s,|+&]+/).filter((word) => word !== '');
  if (words.every((word) => NAMES.includes(word))) return words;
  const letters = Array.from(text, (letter) => NAMES.find((name) => letterOf(name) === letter));
  return letters.every((name) => name !== undefined) ? letters : undefined;
}

/** CWR is W to tcpdump and pf. */
function letterOf(name: string): string {
  return name === 'cwr' ? 'w' : name.charAt(0);
}
