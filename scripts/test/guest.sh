#!/usr/bin/env bash
# guest.sh DEB FOLDER SUITE: makes FOLDER/vmlinuz, the kernel of that Debian for virtual machines, and FOLDER/initramfs, in which
# it finds what the package holds and what that depends on, and a shell on the serial line.
set -euo pipefail
cd "$(dirname "$0")/../.."
deb=$1 folder=$2 suite=$3
base=$(bash scripts/test/root.sh)

folders=$(bash scripts/test/kernel.sh "$suite")
mapfile -t kernel <<<"$folders"

root=$folder/root
mkdir -p "$root"/{bin,dev,proc,sys,tmp,etc,modules,var/lib,lib64}
dpkg-deb --extract "$deb" "$root"
cp "$(command -v busybox)" "$root/bin/busybox"
cp "$base/sbin/ip" "$base/usr/sbin/bpftool" "$root/bin"
libraries() { # of programs in $base, as it finds them
	local program
	for program in "$@"; do ldd "$program" 2>/dev/null || true; done | grep -o '/[^ ]*' | sort -u
}
for library in $(libraries "$root/bin/ip" "$root/bin/bpftool" "$root/usr/lib/xdpkeep/node") /lib/x86_64-linux-gnu/libbpf.so.1; do
	mkdir -p "$root${library%/*}"
	cp -L "$base$library" "$root$library"
done
iptables=$(command -v xtables-nft-multi) # of this machine, which is a Debian 12 too
cp "$iptables" "$root/bin/iptables"
for library in $(libraries "$iptables") /usr/lib/x86_64-linux-gnu/xtables/libxt_conntrack.so; do
	[ -e "$root$library" ] || install -D "$library" "$root$library"
done
carry() { # LIST MODULE...: modules in the order in which they are loaded
	local list=$1 module file
	shift
	for module in "$@"; do
		file=$(find "${kernel[@]}" -name "$module.ko*" -print -quit)
		[ -n "$file" ] || continue # part of the kernel itself
		cp "$file" "$root/modules"
		echo "$module" >>"$root/modules/$list"
	done
}
carry list virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net sch_ingress cls_bpf
# Loaded by who asks for them: a host without conntrack is usual.
carry conntrack nf_defrag_ipv4 nf_defrag_ipv6 libcrc32c nf_conntrack nfnetlink nf_tables nft_ct x_tables nft_compat xt_conntrack
find "$root/modules" -name '*.xz' -exec xz --decompress {} +
cat >"$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/usr/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t bpf bpf /sys/fs/bpf
while read -r module; do
	insmod "/modules/$module.ko"
done </modules/list
ip link set lo up
stty -echo # what is written to it is no answer
echo 'guest: ready'
while read -r line; do
	sh -c "$line" </dev/null 2>&1
	echo "guest: exit $?"
done
poweroff -f
INIT
chmod 755 "$root/init"
(cd "$root" && find . -print0 | cpio --null --create --format=newc --quiet) >"$folder/initramfs"
cp "$(find "${kernel[@]}" -name "vmlinuz*" -type f -print -quit)" "$folder/vmlinuz"
rm -rf "$root"
