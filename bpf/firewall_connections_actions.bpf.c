/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The same firewall for policies with rules that count and go on, and with rules that ask about connections. */
#define WITH_ACTIONS 1

#include "firewall_connections.bpf.c"
