#!/usr/bin/env bash
# Runs the measurements in network and mount namespaces of their own: whatever happens, nothing of them stays.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
bash scripts/setup.sh
if [ "$(id -u)" != 0 ]; then
	echo "the benchmark loads programs into the kernel: run it as root" >&2
	exit 77
fi
if ! command -v xdp-filter >/dev/null && command -v apt-get >/dev/null; then
	echo 'installing packages: xdp-tools'
	export DEBIAN_FRONTEND=noninteractive
	if ! log=$(apt-get -q update 2>&1 && apt-get -q install -y --no-install-recommends xdp-tools 2>&1); then
		printf '%s\n' "$log" 'xdp-filter is not measured' >&2
	fi
fi
exec unshare --net --mount sh -c 'mount -t bpf bpf /sys/fs/bpf && exec node scripts/bench.mjs "$@"' bench "$@"
