/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The same programs, of a host that asks conntrack as well. */
#define WITH_CONNTRACK 1

#include "connections.bpf.c"
