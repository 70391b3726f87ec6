#!/usr/bin/env bash
# Makes build/xdpkeep_VERSION_amd64.deb of dist/: with a Node of its own, units, documents and examples. The same source
# gives the same bytes: times are those of the last commit, owners root's, and one thread compresses.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -e dist/xdpkeep.js ] || node scripts/build.mjs
version=${XDPKEEP_PACKAGE_VERSION:-$(node -p 'require("./package.json").version')}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date -r CHANGELOG.md +%s)}
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022
output=${1:-build}
mkdir -p "$output"
root=$(mktemp -d "${TMPDIR:-/tmp}/xdpkeep-package-XXXXXX")
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

put() { # MODE FOLDER FILE...
	local mode=$1 folder=$root/$2
	shift 2
	install -d "$folder"
	install -m "$mode" -t "$folder" "$@"
}

lib=usr/lib/xdpkeep
lts=$(bash scripts/lts-node.sh)
put 644 $lib dist/xdpkeep.js dist/program.cjs dist/confine.js dist/package.json dist/koffi.node scripts/code-cache.mjs
sed -i '1{/^#!/d}' "$root/$lib/xdpkeep.js" # its Node is the one beside it
put 755 $lib "$lts/bin/node"
strip --strip-unneeded -R .comment "$root/$lib/node" "$root/$lib/koffi.node"
put 644 $lib/bpf dist/bpf/*.o
put 644 $lib/schema dist/schema/*
put 644 $lib/page dist/page/*
install -d "$root/usr/bin"
cat >"$root/usr/bin/xdpkeep" <<'WRAPPER'
#!/bin/sh
exec /usr/lib/xdpkeep/node /usr/lib/xdpkeep/xdpkeep.js "$@"
WRAPPER
chmod 755 "$root/usr/bin/xdpkeep"

put 644 lib/systemd/system systemd/*.service systemd/*.socket systemd/*.timer
for unit in xdpkeep xdpkeep-boot xdpkeep-deadline@ xdpkeep-interface@ xdpkeep-watch; do
	put 644 "lib/systemd/system/$unit.service.d" systemd/sandbox.conf
done
for unit in xdpkeep-boot xdpkeep-interface@; do
	put 644 "lib/systemd/system/$unit.service.d" systemd/without-commands.conf
done
put 644 lib/udev/rules.d systemd/99-xdpkeep.rules

for page in dist/man/*.[1-9]; do
	put 644 "usr/share/man/man${page##*.}" "$page"
	gzip -9n "$root/usr/share/man/man${page##*.}/${page##*/}"
done
install -D -m 644 dist/completion/xdpkeep.bash "$root/usr/share/bash-completion/completions/xdpkeep"
put 644 usr/share/zsh/vendor-completions dist/completion/_xdpkeep
put 644 usr/share/fish/vendor_completions.d dist/completion/xdpkeep.fish

doc=usr/share/doc/xdpkeep
put 644 $doc README.md ARCHITECTURE.md docs/*.md packaging/debian/copyright
gzip -9nc "$lts/LICENSE" >"$root/$doc/node.license.gz"
{
	printf 'xdpkeep (%s) stable; urgency=medium\n\n  * See CHANGELOG.md below.\n\n' "$version"
	printf ' -- xdpkeep maintainers <xdpkeep@packages.invalid>  %s\n\n' "$(date -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$root/$doc/changelog.gz"
gzip -9nc CHANGELOG.md >"$root/$doc/CHANGELOG.md.gz"
cp -r --no-preserve=mode,ownership,timestamps examples "$root/$doc/"
install -m 644 packaging/debian/config.yaml "$root/$doc/examples/config.yaml"

install -D -m 644 packaging/debian/default "$root/etc/default/xdpkeep"
install -d "$root/etc/xdpkeep" "$root/etc/xdpkeep/state"
install -d -m 700 "$root/etc/xdpkeep/ssh"
install -D -m 644 packaging/debian/lintian-overrides "$root/usr/share/lintian/overrides/xdpkeep"

install -d "$root/DEBIAN"
size=$(du -k -s --apparent-size "$root" | cut -f1)
sed "s/@VERSION@/$version/; s/@SIZE@/$size/" packaging/debian/control >"$root/DEBIAN/control"
install -m 644 packaging/debian/conffiles "$root/DEBIAN"
install -m 755 packaging/debian/postinst packaging/debian/prerm packaging/debian/postrm "$root/DEBIAN"
(cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$root" -exec touch --no-dereference -d "@$SOURCE_DATE_EPOCH" {} +
deb=$output/xdpkeep_${version}_amd64.deb
dpkg-deb --root-owner-group -Zxz -z1 --threads-max=1 --build "$root" "$deb" >/dev/null
echo "$deb"
