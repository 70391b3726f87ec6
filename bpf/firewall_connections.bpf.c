/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The same firewall for policies with rules that ask about connections. */
#define WITH_CONNECTIONS 1

#include "firewall.bpf.c"
