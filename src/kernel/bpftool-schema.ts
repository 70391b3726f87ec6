// The parts of bpftool -j that we read. Unknown keys, sections and types are tolerated: newer kernels and versions of bpftool have
// more of them. A missing key is an error, never an empty value.
// Source: tools/bpf/bpftool/{net,prog,map,link}.c of Linux; test/kernel/fixtures/ holds real output.
import * as z from 'zod';

// A process parses each document once: compiling a parser for it costs more than it saves.
z.config({ jitless: true });

const id = z.int().positive();
const xdpMode = z.enum(['driver', 'generic', 'offload']);

/** An interface has one program, or, with `multi_attachments`, one per mode. */
const netXdp = z.union([
  z.object({ ifindex: id, multi_attachments: z.array(z.object({ mode: xdpMode, id })) }),
  z.object({ ifindex: id, mode: xdpMode, id }),
]);

/** `id` of clsact filters, `prog_id` of tcx and netkit; classic BPF filters have neither. */
const netTc = z.object({
  ifindex: id,
  kind: z.string(),
  name: z.string().optional(),
  id: id.optional(),
  prog_id: id.optional(),
});

/** Always an array with one element. */
export const netShow = z.tuple([z.object({ xdp: z.array(netXdp), tc: z.array(netTc) })]);

/** Bytes; absent when /proc cannot be read. */
const memory = z.int().optional();

/** `name` is absent for a program that was loaded without one. */
export const programShow = z.array(
  z.object({ id, name: z.string().optional(), map_ids: z.array(id).optional(), bytes_memlock: memory }),
);

export const mapShow = z.array(
  z.object({ id, name: z.string().optional(), max_entries: z.int(), bytes_memlock: memory }),
);

/** `type` is a number when bpftool does not know it; `prog_id` is absent for some types (struct_ops). */
export const linkShow = z.array(
  z.object({ id, type: z.union([z.string(), z.number()]), prog_id: id.optional() }),
);

/** Bytes as text: `0x2a`. */
const bytes = z.array(z.string().regex(/^0x[0-9a-f]{2}$/));
const perCpu = <T extends z.ZodType>(value: T) => z.array(z.object({ cpu: z.int(), value }));

/**
 * `value`, or `values` for a per-CPU map. An entry that vanished during the dump has `{error}` as its value. `formatted` is present
 * when the map has BTF; maps of sections (`.rodata`) have no key in it.
 */
export const mapDump = z.array(
  z.object({
    key: bytes,
    value: z.union([bytes, z.object({ error: z.string() })]).optional(),
    values: perCpu(bytes).optional(),
    formatted: z
      .object({
        key: z.unknown().optional(),
        value: z.unknown().optional(),
        values: perCpu(z.unknown()).optional(),
      })
      .optional(),
  }),
);

export const version = z.object({ version: z.string() });

export type NetShow = z.infer<typeof netShow>[0];
export type ProgramShow = z.infer<typeof programShow>;
export type MapShow = z.infer<typeof mapShow>;
export type LinkShow = z.infer<typeof linkShow>;
export type MapDump = z.infer<typeof mapDump>;
