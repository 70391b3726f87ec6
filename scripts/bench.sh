#!/usr/bin/env bash
# Runs the measurements in network and mount namespaces of their own: whatever happens, nothing of them stays.
set -euo pipefail
cd "$(dirname "$0")/.."
for argument; do
	case $argument in --help | -h) exec node scripts/bench.mjs --help ;; esac
done
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
bash scripts/setup.sh
if [ "$(id -u)" != 0 ]; then
	echo "the benchmark loads programs into the kernel: run it as root" >&2
	exit 77
fi
peers=()
for pair in xdp-filter:xdp-tools nft:nftables ipset:ipset iptables:iptables; do
	command -v "${pair%:*}" >/dev/null || peers+=("${pair#*:}")
done
if [ ${#peers[@]} -gt 0 ] && command -v apt-get >/dev/null; then
	echo "installing packages: ${peers[*]}"
	export DEBIAN_FRONTEND=noninteractive
	if ! log=$(apt-get -q update 2>&1 && apt-get -q install -y --no-install-recommends "${peers[@]}" 2>&1); then
		printf '%s\n' "$log" "not measured: ${peers[*]}" >&2
	fi
fi
exec unshare --net --mount sh -c 'mount -t bpf bpf /sys/fs/bpf && exec node scripts/bench.mjs "$@"' bench "$@"
