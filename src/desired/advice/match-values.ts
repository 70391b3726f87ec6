// What to write in a match for what people write there first: any, names of lists and hosts, `!` for not, comparisons, ranges and lists of
// other tools.
import { FIELD_NAMES } from '../../policy/fields/registry.js';
import type { FieldName } from '../../model/policy.js';
import { adviseFlags } from './flags.js';
import type { Place } from './place.js';

/** The largest value of the fields that are ranges. */
const LARGEST: Partial<Record<FieldName, number>> = {
  sourcePort: 65_535,
  destinationPort: 65_535,
  icmpType: 255,
  icmpCode: 255,
  length: 65_535,
  ttl: 255,
  dscp: 63,
};

/** Ports that people write by name (IANA, service names and port numbers). */
const PORTS: Readonly<Record<string, number>> = {
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  domain: 53,
  dns: 53,
  http: 80,
  ntp: 123,
  imap: 143,
  snmp: 161,
  bgp: 179,
  ldap: 389,
  https: 443,
  submission: 587,
  imaps: 993,
  mysql: 3306,
  rdp: 3389,
  postgresql: 5432,
  postgres: 5432,
  redis: 6379,
};

const ANYTHING = /^(?:any(?:where|thing|one)?|all|\*|every(?:thing|where)?|internet|world|0\/0|any\/0)$/i;

/** `undefined` where nothing is known of such a value. */
export function adviseMatchValue(
  path: readonly PropertyKey[],
  written: unknown,
  place: Place,
): string | undefined {
  const field = path.findLast((key) => typeof key === 'string') as FieldName | undefined;
  if (field === undefined || !FIELD_NAMES.includes(field)) return undefined;
  if (field === 'tcpFlags') {
    const flags = adviseFlags(written);
    if (flags !== undefined)
      return `Write \`tcpFlags: ${flags}\`: set, clear; flags that are not named may be either.`;
  }
  if (typeof written === 'boolean') return adviseBoolean(field, written);
  return typeof written === 'string' ? adviseText(field, written.trim(), place) : undefined;
}

function adviseText(field: FieldName, text: string, place: Place): string | undefined {
  if (ANYTHING.test(text) || (field === 'protocol' && /^ip(?:v?4)?$/i.test(text)))
    return `Leave \`${field}\` out: what a match does not name may be anything.`;
  const denied = /^(?:!=?|not\b|~)\s*(.+)$/i.exec(text)?.[1];
  if (denied !== undefined) return adviseNegation(field, denied, place);
  if (/[,;|\s]/.test(text) && !/^[<>]/.test(text)) {
    const items = text.split(/[\s,;|]+/).filter((item) => item !== '' && !/^(?:and|or)$/i.test(item));
    if (items.length > 1) return `Write a list: \`${field}: [${items.map(quoteItem).join(', ')}]\`.`;
  }
  if (field === 'source' || field === 'destination') return adviseAddress(field, text);
  if (field === 'protocol') return adviseProtocol(text);
  if (field === 'fragment' && /^(?:any|yes|true)$/i.test(text)) return adviseBoolean(field, true);
  const largest = LARGEST[field];
  return largest === undefined ? undefined : adviseRange(field, text, largest);
}

function quoteItem(item: string): string {
  return /^[\w./-]+$/.test(item) ? item : `"${item}"`;
}

function adviseNegation(field: FieldName, denied: string, place: Place): string {
  return place.fields.includes('not')
    ? `Write \`not: {${field}: ${quoteItem(denied)}}\`.`
    : `Put a rule for \`${field}: ${quoteItem(denied)}\` in front of this one: the first rule that matches decides.`;
}

function adviseAddress(field: string, text: string): string | undefined {
  const stars = /^(\d{1,3}(?:\.\d{1,3}){0,2})(?:\.[*x]){1,3}$/i.exec(text)?.[1];
  if (stars !== undefined) return `Write ${toNetwork(stars)}.`;
  const [, numbers, length] = /^(\d{1,3}(?:\.\d{1,3}){0,2})\.?(?:\/(\d{1,2}))?$/.exec(text) ?? [];
  if (numbers !== undefined) return `Write all four numbers: ${toNetwork(numbers, length)}.`;
  const name = text.replace(/^[@$<+]|>$/g, '');
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) || !/[A-Za-z]/.test(name)) return undefined;
  if (/\.[a-z]{2,}$/i.test(name))
    return `Write the addresses of ${name}, which is a name: \`${field}: 192.0.2.1\`, or {list: NAME} for those of lists/NAME.txt.`;
  return `Write \`${field}: {list: ${name}}\` for the addresses of lists/${name}.txt.`;
}

function toNetwork(numbers: string, length?: string): string {
  const parts = numbers.split('.');
  const whole = [...parts, ...Array.from({ length: 4 - parts.length }, () => '0')].join('.');
  return `${whole}/${length ?? parts.length * 8}`;
}

function adviseProtocol(text: string): string | undefined {
  const port = PORTS[text.toLowerCase()];
  if (port === undefined) return undefined;
  const protocol = ['domain', 'dns', 'ntp', 'snmp'].includes(text.toLowerCase()) ? 'udp' : 'tcp';
  return `Write \`protocol: ${protocol}, destinationPort: ${port}\`: ${text} is what runs on that port.`;
}

function adviseRange(field: FieldName, text: string, largest: number): string | undefined {
  const isPort = field === 'sourcePort' || field === 'destinationPort';
  const port = isPort ? PORTS[text.toLowerCase()] : undefined;
  if (port !== undefined) return `Write \`${field}: ${port}\`, the number of ${text}.`;
  const [, protocol, after, before, of] = /^(tcp|udp|sctp)\/(\d+)$|^(\d+)\/(tcp|udp|sctp)$/i.exec(text) ?? [];
  const named = (protocol ?? of)?.toLowerCase();
  if (isPort && named !== undefined)
    return `Write \`protocol: ${named}, ${field}: ${after ?? before ?? ''}\`.`;
  const range = toRange(text, largest);
  return range === undefined ? undefined : `Write \`${field}: ${range}\`.`;
}

/** `<5`, `>= 1024`, `80:90`, `1024-`, `:1023` as `a-b`. */
function toRange(text: string, largest: number): string | undefined {
  const [, sign, digits] = /^(<=|>=|<|>|==|=|lt |gt |le |ge )\s*(\d+)$/i.exec(text) ?? [];
  const [, first, last] = /^(\d*)\s*(?:[:-]|\.\.|\s-\s)\s*(\d*)$/.exec(text) ?? [];
  const [from, to] =
    sign === undefined || digits === undefined ? [first, last] : ends(sign.trim(), digits, largest);
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined;
  const [least, most] = [Number(from || 0), Number(to || largest)];
  if (least > most || most > largest || least < 0) return undefined;
  return least === most ? `${least}` : `${least}-${most}`;
}

function ends(sign: string, digits: string, largest: number): [string, string] {
  const number = Number(digits);
  if (sign === '<' || sign === 'lt') return ['0', `${number - 1}`];
  if (sign === '<=' || sign === 'le') return ['0', digits];
  if (sign === '>' || sign === 'gt') return [`${number + 1}`, `${largest}`];
  return sign === '>=' || sign === 'ge' ? [digits, `${largest}`] : [digits, digits];
}

function adviseBoolean(field: FieldName, written: boolean): string | undefined {
  if (field !== 'fragment') return undefined;
  return written
    ? 'Write [first, later] for the fragments of a datagram.'
    : 'Write none for packets that are no fragment.';
}
