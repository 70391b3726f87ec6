/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The settings of a policy: what is the same for all packets. Each use of a setting is one instruction with a mark, which
 * src/kernel/specialize.ts replaces before load: a switch (key) becomes a jump or a no-op, a number becomes its value. The verifier then
 * deletes the code that a policy does not use, and a setting costs nothing; a value in .rodata would still be loaded for each packet.
 * Kinds, marks and numbers are those of src/policy/compile/settings.ts.
 */
#pragma once

#include <stdbool.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "fields.h"

/*
 * Rules may ask about connections: firewall_connections.bpf.c. Not a switch: programs of policies that do not ask are what they
 * would be if nobody could, to the instruction.
 */
#ifndef WITH_CONNECTIONS
#define WITH_CONNECTIONS 0
#endif

/* Rules may count a packet and go on, or answer it: firewall_actions.bpf.c. No switch, for the same reason. */
#ifndef WITH_ACTIONS
#define WITH_ACTIONS 0
#endif

#define SETS 10

/* Once for each slot of a set. */
#define EACH_SET(do) do(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8) do(9)

enum key {
	KEY_PROTECT,     /* there are protect entries */
	KEY_CONDITIONAL, /* a rule has a rate limit or a deadline, so that it may not apply although its fields match */
	KEY_NEIGHBOR_DISCOVERY_PASS,
	KEY_NON_IP_MATCH,
	KEY_FRAGMENT_MATCH,
	KEY_AUDIT,
	KEY_LOG,
	KEY_CPU,       /* redirects to a CPU */
	KEY_INTERFACE, /* redirects to an interface */
	KEY_TX,
	KEY_DIRECT, /* one group, no conditions: the group's table names the record itself */
	KEY_UNTIL,
	KEY_LIMIT,
	KEY_LIMIT_SOURCE,
	KEY_UNCOMMON, /* one of EACH_UNCOMMON_FIELD is asked about */
	KEY_SOURCE,   /* the source address is needed */
	KEY_DESTINATION,
	KEY_SPECIAL,  /* a verdict needs more than its number: audit, log, tx, redirect */
	KEY_BLOCKS,   /* an operator may have blocked the source */
	KEY_LIMIT_DESTINATION,
	KEY_LIMIT_ADDRESS, /* KEY_LIMIT_SOURCE, KEY_LIMIT_DESTINATION */
	KEY_LIMIT_BYTES,
	KEY_COUNT = 26,          /* a rule counts and goes on; with KEY_CONDITIONAL, or KEY_NEXT */
	KEY_REJECT,              /* a rule answers what it does not let in */
	KEY_NEXT = 28,           /* a rule leaves its layer; with KEY_COUNT */
	KEY_NO_ETHERNET = 30,    /* packets begin with the IP header */
	KEY_FRAGS = 31,          /* frames may come in several buffers (xdp.frags) */
	KEY_FIELD = 32,          /* + enum field: the policy asks about it */
	KEY_GROUP = 48,          /* + group: there is such a group */
	KEY_MAPPED = 64,         /* + group: its sum is the place of a table entry and not a vector itself */
	KEY_MEMBER = 80,         /* + 16 * group + enum field: the group's sum includes the field */
	KEY_SET = KEY_MEMBER + 16 * 16, /* + slot: there is such a set */
	KEY_SET_DESTINATION = KEY_SET + 16, /* + slot: it is about the destination */
	/* A row that objects of older builds ask about. */
	KEY_NODE = KEY_SET_DESTINATION + 32, /* + enum field: the lookup starts at a node, of which NUMBER_ROOT is the byte */
	KEY_NODE6 = KEY_NODE + 16, /* + enum field: the same for IPv6 and NUMBER_ROOT6 */
};

enum number {
	NUMBER_WORDS,     /* 64 rules each, in a vector */
	NUMBER_PROTECTED, /* bits below this are protect entries */
	NUMBER_STEPS,     /* most entries that an address lookup can meet */
	NUMBER_TAI_OFFSET, /* seconds that CLOCK_TAI is ahead of CLOCK_REALTIME; known to the host alone */
	NUMBER_RECORDS,   /* byte of the blob of tables at which the records begin */
	NUMBER_DECISIONS, /* the same for their decisions */
	NUMBER_WAYS, /* bytes from the table of a group that names records to that of what is met behind those that leave a layer */
	NUMBER_ANSWERED, /* slot of the counter of answers */
	NUMBER_BASE = 16,   /* + group: what its sum begins with */
	NUMBER_ROOT = 32,   /* + enum field: byte of the blob, of addresses mostly an entry, at which the lookup starts */
	NUMBER_ROOT6 = 48,  /* + enum field: the same for IPv6 */
	NUMBER_ABSENT = 64, /* + enum field: leaf for a packet without this address */
	NUMBER_BOUND_SET = 80, /* + slot: the last byte of a set at which something can begin */
};

/* The last offset in the blob at which an object of this kind can begin. */
enum bound { BOUND_ENTRY, BOUND_VECTOR, BOUND_RECORD, BOUND_TEST };

#define MARK_KEY 0x786b0000
#define MARK_NUMBER 0x786e0000
#define MARK_BOUND 0x78620000
#define MARK_ANCHOR 0x78610000

/* Becomes a jump to `off` when the key is off, else a no-op. The comparison only carries the mark. */
static __always_inline bool enabled(__u32 key)
{
	asm goto("if r10 >= %0 goto %l[off]" : : "i"(MARK_KEY + key) : : off);
	return true;
off:
	return false;
}

/*
 * A branch that is never taken, to which src/kernel/dead-code.ts links the dead code of a function: the kernel refuses unreachable
 * code, but the verifier deletes a branch that is never taken. Every function that uses a key begins with an anchor: one
 * further down would make a back-edge, which Linux 6.1 refuses. Returns 0, which most functions need anyway.
 */
static __always_inline __u64 anchor(void)
{
	__u64 nought;

	asm volatile("%0 = 0\n\tif %0 > %1 goto +0" : "=r"(nought) : "i"(MARK_ANCHOR));
	return nought;
}

static __always_inline __u32 number(__u32 which)
{
	__u32 value;

	asm volatile("%0 = %1" : "=w"(value) : "i"(MARK_NUMBER + which));
	return value;
}

/* The compiler makes only offsets that are in bounds; this check is for the verifier. */
static __always_inline bool is_inside(__u64 offset, __u32 bound)
{
	asm goto("if %0 > %1 goto %l[outside]" : : "r"(offset), "i"(MARK_BOUND + bound) : : outside);
	return true;
outside:
	return false;
}

/* Does the policy use this field? For uncommon fields, to be called only where KEY_UNCOMMON is on. */
static __always_inline bool asks(enum field field)
{
	return enabled(KEY_FIELD + field);
}
