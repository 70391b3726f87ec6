/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What a policy decides once for all packets. Each use of a setting is one instruction with a mark in it, which
 * src/kernel/specialize.ts replaces before load: a switch becomes a jump or nothing, a number its value. So the verifier
 * deletes what a policy does not use, and nothing is left of the question: a value in .rodata would still be loaded.
 * Kinds, marks and orders are those of src/policy/compile/settings.ts.
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

#define SETS 10

/* Once for each slot of a set. */
#define EACH_SET(do) do(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8) do(9)

enum key {
	KEY_PROTECT,     /* rules in front that everything is held against */
	KEY_CONDITIONAL, /* a rule may not match after all: rate limit or deadline */
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
	KEY_SPECIAL,  /* there is more to a verdict than its number: audit, log, tx, redirect */
	KEY_BLOCKS,   /* an operator may have blocked the source */
	KEY_LIMIT_DESTINATION,
	KEY_LIMIT_ADDRESS, /* KEY_LIMIT_SOURCE, KEY_LIMIT_DESTINATION */
	KEY_LIMIT_BYTES,
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
	NUMBER_BASE = 16,   /* + group: what its sum begins with */
	NUMBER_ROOT = 32,   /* + enum field: byte of the blob, of addresses mostly an entry, at which the lookup starts */
	NUMBER_ROOT6 = 48,  /* + enum field: the same for IPv6 */
	NUMBER_ABSENT = 64, /* + enum field: leaf for a packet without this address */
	NUMBER_BOUND_SET = 80, /* + slot: the last byte of a set at which something can begin */
};

/* The last byte of the blob at which something of this size can begin. */
enum bound { BOUND_ENTRY, BOUND_VECTOR, BOUND_RECORD, BOUND_TEST };

#define MARK_KEY 0x786b0000
#define MARK_NUMBER 0x786e0000
#define MARK_BOUND 0x78620000
#define MARK_ANCHOR 0x78610000

/* Becomes a jump where the key is off, else nothing: the comparison only holds the mark. */
static __always_inline bool enabled(__u32 key)
{
	asm goto("if r10 >= %0 goto %l[off]" : : "i"(MARK_KEY + key) : : off);
	return true;
off:
	return false;
}

/*
 * Code that cannot be reached at all is refused before the verifier looks at it: from here it is, and never run, as the
 * verifier knows. Every function that asks whether a key is enabled begins with it: Linux 6.1 takes nothing for reached from
 * below that goes on in code from which it is reached. Gives 0, which most functions need anyway.
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

/* Offsets are in bounds by construction; the check is for the verifier. */
static __always_inline bool is_inside(__u64 offset, __u32 bound)
{
	asm goto("if %0 > %1 goto %l[outside]" : : "r"(offset), "i"(MARK_BOUND + bound) : : outside);
	return true;
outside:
	return false;
}

/* Uncommon fields are asked about only within KEY_UNCOMMON. */
static __always_inline bool asks(enum field field)
{
	return enabled(KEY_FIELD + field);
}
