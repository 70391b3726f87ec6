/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The same firewall for policies with rules that ask about connections, on a host that asks conntrack as well. */
#define WITH_CONNTRACK 1

#include "firewall_connections.bpf.c"
