/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What a policy decides once for all packets. Written into .rodata before load and frozen: the verifier
 * knows every value here, so that code for what a policy does not use is deleted before it is compiled.
 * The layout is written by src/policy/settings.ts.
 */
#pragma once

#include <stdbool.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* One field of a packet that rules can ask about. Order as in src/policy/fields.ts. */
enum field {
	FIELD_BASE, /* family x fragment x protocol */
	FIELD_SOURCE,
	FIELD_DESTINATION,
	FIELD_SOURCE_PORT,
	FIELD_DESTINATION_PORT,
	FIELD_ICMP, /* type x code */
	FIELD_TCP_FLAGS,
	FIELD_LENGTH,
	FIELD_TTL,
	FIELD_DSCP,
	FIELD_VLAN,
	FIELD_ETHER_TYPE,
	FIELD_SOURCE_MAC,
	FIELD_DESTINATION_MAC,
	FIELDS,
};

enum feature {
	FEATURE_PROTECT = 1 << 0,       /* rules in front that everything is held against */
	FEATURE_CONDITIONAL = 1 << 1,   /* a rule may not match after all: rate limit or deadline */
	FEATURE_ND_PASS = 1 << 2,
	FEATURE_NON_IP_MATCH = 1 << 3,
	FEATURE_FRAGMENT_MATCH = 1 << 4,
	FEATURE_AUDIT = 1 << 5,
	FEATURE_LOG = 1 << 6,
	FEATURE_CPU = 1 << 7,           /* redirects to a CPU */
	FEATURE_INTERFACE = 1 << 8,     /* redirects to an interface */
	FEATURE_TX = 1 << 9,
	FEATURE_DIRECT = 1 << 10,       /* one group, no conditions: the group's table names the rule itself */
	FEATURE_UNTIL = 1 << 11,
	FEATURE_LIMIT = 1 << 12,
	FEATURE_LIMIT_SOURCE = 1 << 13,
};

struct field_settings {
	__u32 root;   /* entry (see tables.h) at which the lookup starts; for IPv6 `root6` */
	__u32 root6;  /* addresses only */
	__u32 absent; /* leaf for a packet without this field */
	__u32 group;  /* index of the group that the leaf value is added to */
};

struct settings {
	__u32 features; /* enum feature */
	__u32 fields;   /* 1 << enum field, for the fields that the policy asks about */
	__u32 groups;
	__u32 words;      /* 64 rules each, in a vector */
	__u32 protected;  /* bits below this are protect entries */
	__u32 mapped;     /* 1 << group, where the sum is the place of a table entry and not a vector itself */
	__u32 steps;      /* most entries that an address lookup can meet */
	__u32 tai_offset; /* seconds that CLOCK_TAI is ahead of CLOCK_REALTIME; known to the host alone */
	__u32 size;       /* bytes of the blob of tables */
	__u32 records;    /* where in it the records begin, in units of 8 bytes */
	__u32 base[FIELDS];  /* of each mapped group, where its table begins, in units of 4 bytes; else 0 */
	struct field_settings field[FIELDS];
};

const volatile struct settings settings SEC(".rodata.settings");

/* The settings that are asked for again and again, read once: each read would be left in the program. */
struct view {
	void *tables; /* the blob, see tables.h */
	__u32 features, fields, size;
};

static __always_inline bool uses(const struct view *view, enum field field)
{
	return view->fields & 1U << field;
}
