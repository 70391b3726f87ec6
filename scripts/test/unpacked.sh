#!/usr/bin/env bash
# unpacked.sh PACKAGE: prints a folder with the files of a Debian package, which is not installed for it: that would start
# its services on a machine with systemd, or make its kernel the one to boot. Made once and kept.
set -euo pipefail
package=$1
cache=${XDPKEEP_TEST_CACHE:-/var/cache/xdpkeep-test}
folder=$cache/$package

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # two at once would make it twice
if [ ! -d "$folder" ]; then
	echo "unpacking $package" >&2
	rm -rf "$folder.new"
	mkdir "$folder.new"
	download() { (cd "$folder.new" && apt-get -q -o APT::Sandbox::User=root download "$package" 2>&1); }
	# Where nothing had to be installed, there may be no list of packages yet.
	log=$(download) || log=$(apt-get -q update 2>&1 && download) || {
		printf '%s\n' "$log" | tail -20 >&2
		exit 1
	}
	dpkg-deb --extract "$folder.new/"*.deb "$folder.new"
	rm "$folder.new/"*.deb
	mv "$folder.new" "$folder"
fi
echo "$folder"
