/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The same firewall for policies with rules that count and go on, and with rules that ask about connections, conntrack as well. */
#define WITH_ACTIONS 1

#include "firewall_conntrack.bpf.c"
