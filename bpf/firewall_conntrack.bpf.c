/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The same firewall for policies with rules that ask about connections, on a host where conntrack is asked as well. */
#define WITH_CONNECTIONS 1
#define WITH_CONNTRACK 1

#include "firewall.bpf.c"
