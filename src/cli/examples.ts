// Examples of each command, for its help and for the manual.

type Example = readonly [line: string, what: string];

/** By the path of the command; '' is the program itself. */
export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  '': [
    ['xdpkeep init state', 'start a state directory'],
    ['xdpkeep validate --state state', 'check it'],
    ['xdpkeep lint; xdpkeep test', 'look for dead rules; run the packet tests'],
    ['xdpkeep reconcile --dry-run', 'show what would change, and why'],
    ['xdpkeep reconcile', 'do it'],
    ["xdpkeep explain ens5 'protocol: icmp'", 'which rule decides such a packet'],
    ['xdpkeep sync', 'do it from git'],
    ['xdpkeep rollback', 'go back to the generation before'],
  ],
  reconcile: [
    ['xdpkeep reconcile --dry-run', 'show what would change, and why'],
    ['xdpkeep reconcile --confirm-within 2m', 'undo it unless `xdpkeep confirm` comes in time'],
    ['xdpkeep reconcile --watch --schedule "*/5 * * * *"', 'stay, follow the state files and the clock'],
    ['xdpkeep reconcile --watch --http 127.0.0.1:9470', 'with a status page and /metrics'],
  ],
  plan: [['xdpkeep plan --out edge.plan', 'write down what reconcile would do']],
  apply: [['xdpkeep apply edge.plan', 'do exactly that, or exit 16']],
  sync: [
    ['xdpkeep sync --dry-run', 'fetch, verify and plan the newest commit'],
    ['xdpkeep sync', 'adopt it and reconcile'],
  ],
  fetch: [['xdpkeep fetch --into fetched', 'bring the repository here, without rights']],
  restore: [['xdpkeep restore --wait 10s', 'what ran last, also on interfaces that come in time']],
  validate: [['xdpkeep validate --state state', 'check every file of a state directory']],
  lint: [['xdpkeep lint --output sarif', 'findings for a code scanner']],
  test: [['xdpkeep test --output junit', 'results for a CI system']],
  schema: [['xdpkeep schema policy', 'the JSON schema of Policy files']],
  init: [
    ['xdpkeep init state --host edge-1', 'start a state directory for the host edge-1'],
    ['xdpkeep init state --host edge-1 --profile server', 'with rules for a server: answers come in'],
  ],
  diff: [
    ['xdpkeep diff running desired', 'what the next pass changes for packets'],
    ['xdpkeep diff 4 5', 'what generation 5 changed'],
    ['xdpkeep diff main HEAD --semantic', 'which packets get another verdict on this branch'],
  ],
  status: [
    ['xdpkeep status --output json', 'the same for a program'],
    ['xdpkeep status --watch', 'again and again, on one screen'],
    ['xdpkeep status --memory', 'and what it takes in the kernel'],
  ],
  block: [
    [
      'xdpkeep block 203.0.113.0/24 --for 1h --reason "flood, ticket 12"',
      'on every interface that runs a policy',
    ],
    ['xdpkeep block 2001:db8::7 ens5 --for 30m --reason scanner', 'on one'],
  ],
  unblock: [
    ['xdpkeep unblock 203.0.113.0/24', 'before its time is over, whoever blocked it'],
    ['xdpkeep unblock 203.0.113.7 --owner fail2ban-sshd', "end that owner's block; those of others hold"],
  ],
  blocks: [['xdpkeep blocks', 'what is blocked, by whom and why']],
  doctor: [['xdpkeep doctor', 'before the first reconcile']],
  maps: [['xdpkeep maps ens5 icmp_drops', 'the entries of one map']],
  events: [
    ['xdpkeep events --count 20', 'the next twenty sampled packets'],
    ['xdpkeep events ens5 --write seen.pcapng --for 10m', 'keep them for Wireshark'],
  ],
  capture: [
    ['xdpkeep capture ens5 --count 10', 'the next ten packets, and what became of them'],
    [
      'xdpkeep capture ens5 "protocol: tcp, destinationPort: 443" --verdict drop',
      'why does that site not answer?',
    ],
  ],
  top: [
    ['xdpkeep top', 'what happens now; q quits'],
    ['xdpkeep top ens5 --every 10s --count 6 --output json', 'the next minute for a program'],
  ],
  counters: [['xdpkeep counters ens5', 'packets and bytes of each rule there']],
  connections: [
    ['xdpkeep connections', 'how many there are, by protocol and state, and how full the tables are'],
    ['xdpkeep connections ens5 --protocol udp', 'and which rule lets their next packet in'],
    ['xdpkeep connections --address 203.0.113.0/24 --limit 100', 'those with a network'],
  ],
  'connections remove': [
    ['xdpkeep connections remove --address 203.0.113.7 --dry-run', 'how many would be forgotten?'],
    ['xdpkeep connections remove --address 203.0.113.7 --port 443', 'forget them'],
  ],
  explain: [
    ['xdpkeep explain ens5 "protocol: tcp, source: 203.0.113.9, destinationPort: 22"', 'may it come in?'],
  ],
  history: [
    ['xdpkeep history', 'what was applied, when, by whom, and what it changed'],
    ['xdpkeep history 5', 'one generation: its packets and its steps'],
  ],
  journal: [['xdpkeep journal verify', 'is the record whole?']],
  'journal show': [['xdpkeep journal show', 'every intent and what became of it']],
  'journal verify': [['xdpkeep journal verify', 'exit 74 when its chain is broken']],
  'journal repair': [['xdpkeep journal repair', 'start anew from what the kernel runs']],
  rollback: [
    ['xdpkeep rollback', 'the generation before'],
    ['xdpkeep rollback 7 --reason "upload stalls"', 'that of number 7'],
  ],
  suspend: [['xdpkeep suspend --reason "replacing the switch" --for 2h', 'suspends changes until then']],
  resume: [['xdpkeep resume', 'follow the state files again']],
  detach: [['xdpkeep detach --all --reason "end of the trial"', 'nothing of ours is left on the kernel']],
  confirm: [['xdpkeep confirm', 'keep the change that waits']],
  cancel: [['xdpkeep cancel --reason "wrong list"', 'undo the change that waits, now']],
  completion: [
    ['source <(xdpkeep completion bash)', 'in this shell'],
    ['xdpkeep completion fish > ~/.config/fish/completions/xdpkeep.fish', 'in every fish'],
  ],
  manual: [['xdpkeep manual state | man -l -', 'read about state files']],
};

/** For the end of a help; empty where a command has none. */
export function exampleHelp(path: string): string {
  const examples = EXAMPLES[path] ?? [];
  if (examples.length === 0) return '';
  const width = Math.max(...examples.map(([line]) => line.length));
  const short = width <= 50;
  const rows = examples.map(([line, what]) =>
    short ? `  ${line.padEnd(width)}  ${what}` : `  ${line}\n      ${what}`,
  );
  return ['', 'Examples:', ...rows].join('\n');
}
