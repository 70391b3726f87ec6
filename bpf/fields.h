/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The fields that the datapath looks up, one line each: its name, how its leaf is found in the tables (FIND_* in classify.h), and its
 * member of struct packet. The order is that of DIMENSIONS in src/policy/fields/registry.ts, and stays: objects of older builds are
 * loaded with the same numbers. All sixteen places are taken: a new field joins one of these (CONTRIBUTING.md).
 */
#pragma once

/* Nearly every policy uses these. */
#define EACH_COMMON_FIELD(do)                      \
	do(BASE, base, base) /* family x fragment x protocol */ \
	do(SOURCE, address, source)                \
	do(DESTINATION, address, destination)      \
	do(SOURCE_PORT, short, source_port)        \
	do(DESTINATION_PORT, short, destination_port)

/* KEY_UNCOMMON switches all of them off. `sets`: which of the large sets contain the source or the destination. */
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
 * One call for each group but the first, which always exists. A further field needs a further group. A macro, since clang does not
 * unroll loops around switches.
 */
#define EACH_OTHER_GROUP(do, with)                                                                \
	do(1, with) do(2, with) do(3, with) do(4, with) do(5, with) do(6, with) do(7, with)       \
	do(8, with) do(9, with) do(10, with) do(11, with) do(12, with) do(13, with) \
	do(14, with)
