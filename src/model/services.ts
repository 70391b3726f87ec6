// Services by their names: protocol and ports. A small excerpt of IANA's registry (RFC 6335), in the selection of Debian's netbase
// (/etc/services), which leaves out the protocols that are registered and never used: decision 0166. A test holds the two together.
import { PROTOCOLS } from './names.js';
import type { ServicePorts } from './policy.js';

const TCP = {
  'ftp-data': 20,
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  whois: 43,
  finger: 79,
  http: 80,
  pop3: 110,
  auth: 113,
  nntp: 119,
  epmap: 135,
  'netbios-ssn': 139,
  imap2: 143,
  imap: 143,
  bgp: 179,
  'microsoft-ds': 445,
  submissions: 465,
  exec: 512,
  login: 513,
  shell: 514,
  printer: 515,
  afpovertcp: 548,
  submission: 587,
  ipp: 631,
  rsync: 873,
  ftps: 990,
  imaps: 993,
  pop3s: 995,
  socks: 1080,
  'ms-sql-s': 1433,
  'iscsi-target': 3260,
  mysql: 3306,
  'ms-wbt-server': 3389,
  svn: 3690,
  sieve: 4190,
  ntske: 4460,
  'xmpp-client': 5222,
  'xmpp-server': 5269,
  postgresql: 5432,
  amqps: 5671,
  x11: 6000,
  redis: 6379,
  'syslog-tls': 6514,
  'ircs-u': 6697,
  'http-alt': 8080,
  puppet: 8140,
  git: 9418,
  'zabbix-agent': 10050,
  'zabbix-trapper': 10051,
} as const;

const UDP = {
  bootps: 67,
  bootpc: 68,
  tftp: 69,
  ntp: 123,
  'netbios-ns': 137,
  'netbios-dgm': 138,
  xdmcp: 177,
  'ptp-event': 319,
  'ptp-general': 320,
  isakmp: 500,
  syslog: 514,
  route: 520,
  'dhcpv6-client': 546,
  'dhcpv6-server': 547,
  'asf-rmcp': 623,
  'ms-sql-m': 1434,
  l2f: 1701,
  'ipsec-nat-t': 4500,
  mdns: 5353,
} as const;

const TCP_AND_UDP = {
  echo: 7,
  discard: 9,
  daytime: 13,
  chargen: 19,
  time: 37,
  tacacs: 49,
  domain: 53,
  kerberos: 88,
  sunrpc: 111,
  snmp: 161,
  'snmp-trap': 162,
  ldap: 389,
  https: 443,
  kpasswd: 464,
  rtsp: 554,
  ldaps: 636,
  'domain-s': 853,
  openvpn: 1194,
  radius: 1812,
  'radius-acct': 1813,
  nfs: 2049,
  sip: 5060,
  'sip-tls': 5061,
} as const;

/** Names that people use, for services that the registry calls otherwise. */
export const SERVICE_ALIASES = {
  dns: 'domain',
  ident: 'auth',
  ike: 'isakmp',
  postgres: 'postgresql',
  rdp: 'ms-wbt-server',
  rpcbind: 'sunrpc',
  smb: 'microsoft-ds',
} as const;

function servicesOf(
  ports: Readonly<Record<string, number>>,
  ...protocols: number[]
): [string, ServicePorts[]][] {
  return Object.entries(ports).map(([name, port]) => [
    name,
    protocols.map((protocol) => ({ protocol, ports: [{ from: port, to: port }] })),
  ]);
}

const NAMED = new Map([
  ...servicesOf(TCP, PROTOCOLS.tcp),
  ...servicesOf(UDP, PROTOCOLS.udp),
  ...servicesOf(TCP_AND_UDP, PROTOCOLS.tcp, PROTOCOLS.udp),
]);

/** Every name, sorted by protocol and port. */
export const SERVICES: ReadonlyMap<string, ServicePorts[]> = new Map([
  ...NAMED,
  ...Object.entries(SERVICE_ALIASES).map(([alias, name]) => [alias, NAMED.get(name) ?? []] as const),
]);
