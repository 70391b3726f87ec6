#!/usr/bin/env bash
# kernel.sh SUITE: prints folders with the files of that Debian's kernel for virtual machines, which is not installed. Of another
# Debian than this machine's apt asks for its own, packages come through an apt of its own, with the same keys and the same mirror.
set -euo pipefail
cd "$(dirname "$0")/../.."
suite=$1
cache=${XDPKEEP_TEST_CACHE:-/var/cache/xdpkeep-test}

if [ "$suite" != bookworm ]; then
	apt=$cache/apt-$suite
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | grep -m1 -E '/debian/?$' || true)
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} $suite main" >"$apt/sources.list"
	cat >"$apt/apt.conf" <<-CONF
		Dir::Etc::sourcelist "$apt/sources.list";
		Dir::Etc::sourceparts "-";
		Dir::State::lists "$apt/lists";
		Dir::Cache "$apt/cache";
		APT::Sandbox::User "root";
	CONF
	export APT_CONFIG=$apt/apt.conf
fi
# Depends of a package on those of a kernel: that of Debian 14 comes in several.
parts() { apt-cache depends "$1" 2>/dev/null | sed -nE "s/^ *Depends: *(linux-($2)-[0-9].*)/\1/p" || true; }
image=$(parts linux-image-cloud-amd64 image)
if [ -z "$image" ]; then
	apt-get -q update >/dev/null 2>&1
	image=$(parts linux-image-cloud-amd64 image)
fi
packages=$(parts "$image" 'binary|modules')
for package in ${packages:-$image}; do
	bash scripts/test/unpacked.sh "$package"
done
