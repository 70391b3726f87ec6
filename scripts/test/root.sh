#!/usr/bin/env bash
# Prints the folder of a Debian 12 root with systemd and what the package depends on: for tests that boot one. It is
# made once and kept; nobody writes into it, tests lay a layer of their own over it.
set -euo pipefail
include=systemd-sysv,dbus,udev,kmod,iproute2,iputils-ping,bpftool,libbpf1,libstdc++6,git,openssh-client,openssh-server,libnss-systemd
cache=${XDPKEEP_TEST_CACHE:-/var/cache/xdpkeep-test}
root=$cache/root-$(printf 'bookworm amd64 %s' "$include" | sha256sum | cut -c1-12)

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # two at once would make it twice
if [ ! -d "$root" ]; then
	echo "making a Debian to boot: $root" >&2
	# From where this machine has its own packages.
	mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | grep -m1 -E '/debian/?$' || true)
	rm -rf "$root.new"
	if ! log=$(debootstrap --variant=minbase --arch=amd64 --include="$include" bookworm "$root.new" ${mirror:+"$mirror"} 2>&1); then
		printf '%s\n' "$log" | tail -20 >&2
		exit 1
	fi
	rm -rf "$root.new"/var/cache/apt/archives/*.deb "$root.new"/var/lib/apt/lists/*
	mv "$root.new" "$root"
fi
echo "$root"
