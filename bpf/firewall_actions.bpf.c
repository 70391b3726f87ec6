/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The same firewall for policies with rules that count and go on. */
#define WITH_ACTIONS 1

#include "firewall.bpf.c"
