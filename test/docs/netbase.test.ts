// needs: netbase
// The services that have names are those of Debian's netbase: no name of it stands for other ports or protocols here.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PROTOCOLS } from '../../src/model/names.js';
import { SERVICE_ALIASES, SERVICES } from '../../src/model/services.js';

/** Names with `22/tcp` and the like; an alias only where nothing has it as its name. */
function netbase(): Map<string, string[]> {
  const [names, aliases] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const line of readFileSync('/etc/services', 'utf8').split('\n')) {
    const [name, port, ...others] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (!name || !port || port.endsWith('/ddp')) continue;
    names.set(name, [...(names.get(name) ?? []), port]);
    for (const one of others) aliases.set(one, [...(aliases.get(one) ?? []), port]);
  }
  return new Map([...aliases, ...names]);
}

const words: Record<number, string> = { [PROTOCOLS.tcp]: 'tcp', [PROTOCOLS.udp]: 'udp' };
const known = netbase();
const own = Object.keys(SERVICE_ALIASES);

test.each([...SERVICES].filter(([name]) => !own.includes(name)))('%s', (name, service) => {
  const ports = service.flatMap(({ protocol, ports }) =>
    ports.map(({ from }) => `${from}/${words[protocol] ?? ''}`),
  );
  expect(ports.sort()).toEqual([...(known.get(name) ?? [])].sort());
});
