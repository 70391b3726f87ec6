/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the datapath looks up of a packet, one line each: its name, how it is found in the tables (FIND_* in classify.h), and the
 * member of struct packet that it is. Order as in DIMENSIONS of src/policy/fields/registry.ts. New ones go to the end:
 * programs of older builds are loaded with the same numbers.
 */
#pragma once

/* Nearly every policy asks about these. */
#define EACH_COMMON_FIELD(do)                      \
	do(BASE, base, base) /* family x fragment x protocol */ \
	do(SOURCE, address, source)                \
	do(DESTINATION, address, destination)      \
	do(SOURCE_PORT, short, source_port)        \
	do(DESTINATION_PORT, short, destination_port)

/* Within KEY_UNCOMMON: one switch leaves out all. `sets`: which of the large sets hold the source or the destination. */
#define EACH_UNCOMMON_FIELD(do)               \
	do(ICMP, short, icmp) /* type x code */ \
	do(TCP_FLAGS, small, tcp_flags)       \
	do(LENGTH, short, length)             \
	do(TTL, small, ttl)                   \
	do(DSCP, small, dscp)                 \
	do(VLAN, small, vlan)                 \
	do(ETHER_TYPE, short, ether_type)     \
	do(SOURCE_MAC, mac, source_mac)       \
	do(DESTINATION_MAC, mac, destination_mac) \
	do(SETS, sets, base)

#define NAME_FIELD(name, found_as, member) FIELD_##name,
enum field {
	EACH_COMMON_FIELD(NAME_FIELD)
	EACH_UNCOMMON_FIELD(NAME_FIELD)
	FIELD_CONNECTION, /* looked up last, and only where a rule asks: classify.h */
	FIELDS, /* 16 at most, as long as rows of settings have as many (settings.h) */
};

#define GROUPS (FIELDS - 1) /* at most: each field alone, but for the connection, which is in the first one */

/*
 * Once for each group but the first, which is always there: one more with each field. Clang does not unroll loops around
 * switches.
 */
#define EACH_OTHER_GROUP(do, with)                                                                \
	do(1, with) do(2, with) do(3, with) do(4, with) do(5, with) do(6, with) do(7, with)       \
	do(8, with) do(9, with) do(10, with) do(11, with) do(12, with) do(13, with) \
	do(14, with)
