// What connections cost: a flow that is known, again and again, over the floor; 100,000 flows in turn, looked up in the table and in
// conntrack; and what a packet that leaves costs. All by BPF_PROG_TEST_RUN, in one run.
import { compileProgram, egressObject } from './core.mjs';
import { fillConntrack } from './conntrack.mjs';
import { writeAll, writeArray } from './maps.mjs';
import { policy } from './policies.mjs';
import { interleave, median, random } from './statistics.mjs';
import { loadPolicy } from './subjects.mjs';

const FLOWS = 1 << 17; // as in connections.bpf.c; those behind the first KNOWN come a second time
const KNOWN = 100_000;
const ENTRIES = 1 << 17; // as in bpf/connections.h
const REPEAT = { hot: 60_000, next: FLOWS };
const ROUNDS = { hot: 24, next: 7 };
const SAMPLES = 64;
const [DROP, PASS] = [1, 2]; // enum xdp_action
const EARLY = 'early';
const HOST = { number: 0x0a630001, text: '10.99.0.1' };
const PORTS = { sourcePort: 53, destinationPort: 40_000 };
const FOR_EVER = 1 << 30; // seconds

/** Where the flows are: 198.18.0.0/15 (RFC 2544), each address once, in an order that was shuffled. */
function othersOf() {
  const all = Uint32Array.from({ length: KNOWN }, (_, at) => 0xc6120000 + at);
  const next = random(5);
  for (let at = KNOWN - 1; at > 0; at--) {
    const other = next(at + 1);
    [all[at], all[other]] = [all[other], all[at]];
  }
  return all;
}

/** `{ rows, missing }`: rows `{ subject, name, what, min, median }`, ns over the program that `what` names; why conntrack was not measured. */
export function measureConnections(core, work, quick = false) {
  const datapath = compileProgram(work, 'connections');
  const tracking = compileProgram(work, 'connections_conntrack');
  const kept = [];
  const keep = (one) => {
    kept.push(one);
    return one;
  };
  try {
    const others = othersOf();
    const tables = makeTables(core, keep, others);
    const load = (function_, early, from = { datapath, tables }) => {
      const context = { core, datapath: from.datapath };
      const object = loadPolicy(context, policyOf(early === EARLY), function_, from.tables);
      writeArray(object.mapFd('others'), bytesOf(others), FLOWS);
      return keep(object);
    };
    const known = frame(core, others[0]);
    const stranger = frame(core, 0xc0000201);
    const run = (object, data, repeat, verdict) => {
      requireVerdict(core, object, data, verdict);
      return () => core.testRun(object.programFd(), { data, repeat }).duration;
    };
    const recorded = keep(core.createRecorded({ opened: KNOWN, served: 0, begun: 0 }));
    const egress = keep(core.loadEgress(egressObject(), 'egress', { ...tables, recorded }));
    const asking = load('firewall');
    const conntrack = openConntrack(core, load, known, frame(core, HOST.number, others[0]));
    const alone = { datapath: tracking, tables: makeTables(core, keep, []) };
    const tracked = conntrack.object && load('firewall', undefined, alone);
    const hot = interleave(quick ? 2 : ROUNDS.hot, {
      floor: run(load('bare_drop'), known, REPEAT.hot, DROP),
      known: run(asking, known, REPEAT.hot, DROP),
      ...(tracked && {
        tracked: run(tracked, known, REPEAT.hot, DROP),
        untracked: run(tracked, stranger, REPEAT.hot, PASS),
      }),
      unknown: run(asking, stranger, REPEAT.hot, PASS),
      other: run(load('firewall', EARLY), known, REPEAT.hot, DROP),
      leavingFloor: leaving(core, load('bare_unspec'), known, REPEAT.hot),
      leaving: leaving(core, egress, known, REPEAT.hot),
    });
    const next = interleave(quick ? 2 : ROUNDS.next, {
      floor: run(load('firewall_next', EARLY), known, REPEAT.next, DROP),
      policy: run(load('firewall_next'), known, REPEAT.next, DROP),
      readFloor: run(load('read_next'), known, REPEAT.next, DROP),
      table: run(load('table_next'), known, REPEAT.next, DROP),
      ...(conntrack.object && { conntrack: run(conntrack.object, known, REPEAT.next, DROP) }),
    });
    const found = [
      over(hot, 'known', 'floor', 'a known flow, again and again', 'return XDP_DROP'),
      over(hot, 'unknown', 'floor', 'an unknown flow, again and again', 'return XDP_DROP'),
      over(hot, 'other', 'floor', 'an earlier rule decides, in the same program', 'return XDP_DROP'),
      over(hot, 'leaving', 'leavingFloor', 'a packet that leaves', 'return TC_ACT_UNSPEC'),
      over(
        next,
        'policy',
        'floor',
        `policy, ${KNOWN.toLocaleString('en')} flows in turn`,
        'an earlier rule decides',
      ),
      over(next, 'table', 'readFloor', 'lookup alone, the same flows: table', 'no lookup'),
    ];
    if (conntrack.object)
      found.push(
        over(
          hot,
          'tracked',
          'floor',
          'a flow that conntrack alone knows, again and again',
          'return XDP_DROP',
        ),
        over(hot, 'untracked', 'floor', 'one that neither knows, again and again', 'return XDP_DROP'),
        over(next, 'conntrack', 'readFloor', 'lookup alone, the same flows: conntrack', 'no lookup'),
      );
    return { rows: found, missing: conntrack.missing };
  } finally {
    for (const one of kept.reverse()) one[Symbol.dispose]();
  }
}

function over(times, subject, floor, name, what) {
  const least = (all) => Math.min(...all);
  const difference = (of) => of(times[subject]) - of(times[floor]);
  return { subject, name, what, min: difference(least), median: difference(median) };
}

/** Drops what is established. `early`: a rule in front of that one, which does not ask, drops it first. */
function policyOf(early) {
  const at = { file: 'bench', line: 1, column: 1 };
  const drop = (name, match) => ({ name, match, action: { kind: 'drop' }, at });
  const first = early ? [drop('early', { protocol: [{ from: 17, to: 17 }] })] : [];
  return policy([...first, drop('known', { connection: ['established'] })]);
}

/** To `destination`; what is not to this host is an answer. */
function frame(core, source, destination = HOST.number) {
  const address = (a) => ({ family: 4, a, b: 0, c: 0, d: 0, length: 32 });
  const { sourcePort: from, destinationPort: to } = PORTS;
  const ports = destination === HOST.number ? PORTS : { sourcePort: to, destinationPort: from };
  return core.buildPacket({
    protocol: 17,
    source: address(source),
    destination: address(destination),
    ...ports,
  });
}

/** The tables of a host that knows these flows; of none, where there are none. */
function makeTables(core, keep, others) {
  const tables = Object.fromEntries(
    core.SHARED_TABLES.map((table) => [table, keep(core.createConnectionTable(table, ENTRIES))]),
  );
  if (others.length === 0) return tables;
  const keys = Buffer.alloc(KNOWN * core.FLOW_BYTES);
  const values = Buffer.alloc(KNOWN * core.CONNECTION_BYTES);
  const seen = process.hrtime.bigint();
  others.forEach((other, at) => {
    const key = keys.subarray(at * core.FLOW_BYTES);
    key.writeUInt32BE(other, 0); // struct flow of bpf/flow.h
    key.writeUInt32BE(HOST.number, 16);
    key.writeUInt16BE(PORTS.sourcePort, 32);
    key.writeUInt16BE(PORTS.destinationPort, 34);
    key.writeUInt8(4, 36);
    key.writeUInt8(17, 37);
    const value = values.subarray(at * core.CONNECTION_BYTES);
    value.writeBigUInt64LE(seen, 0); // struct connection of bpf/connections.h
    value.writeUInt32LE(FOR_EVER, 8);
    value.writeUInt8(core.PHASES.indexOf('flowing'), 12);
    value.writeUInt8(1, 13);
  });
  writeAll(tables.opened.number, keys, values, KNOWN);
  return tables;
}

function bytesOf(others) {
  const bytes = Buffer.alloc(FLOWS * 4);
  for (let at = 0; at < FLOWS; at++) bytes.writeUInt32BE(others[at % KNOWN], at * 4);
  return bytes;
}

/** A subject that does not know what it is asked would be a wrong number: looks at flows here and there. */
function requireVerdict(core, object, data, wanted) {
  for (let at = 0; at < SAMPLES; at++) {
    const { verdict } = core.testRun(object.programFd(), { data, repeat: FLOWS / SAMPLES + 1 });
    if (verdict !== wanted) throw new Error(`connections: verdict ${verdict} instead of ${wanted}`);
  }
}

/** ns of one run of a tc program. */
function leaving(core, object, data, repeat) {
  return () => {
    const opts = { sz: 80, data_in: data, data_size_in: data.length, repeat, duration: 0 };
    if (core.libbpf().testRun(object.programFd(), opts) < 0) throw new Error('a test run of a tc program');
    return opts.duration;
  };
}

/** `{ object }`, or `{ missing }`: why it cannot be asked here. */
function openConntrack(core, load, data, answer) {
  try {
    const programs = { inject: load('inject'), next: load('inject_next') };
    fillConntrack(core, programs, { host: HOST.text, data, answer, frames: FLOWS, known: KNOWN });
    return { object: load('conntrack_next') };
  } catch (error) {
    return { missing: error.message.split('\n')[0] };
  }
}
