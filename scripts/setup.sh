#!/usr/bin/env bash
# Makes a fresh clone runnable: system packages (when root), npm packages, dist/. Does only what is missing, one line
# for each thing that it does, and nothing at all when everything is there. `setup.sh tests [WORD...]` sets up tests: npm
# packages, and what the words stand for, which test files say in lines `// needs: WORD...` (scripts/test/needs.mjs).
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
exec 9<package.json
flock 9 # two at once would build over each other

missing=()
need() { # PACKAGE, and what shows that it is there: commands, or files with a slash
	local package=$1 thing
	shift
	for thing in "$@"; do
		if [[ $thing == */* ]]; then [ -e "$thing" ]; else command -v "$thing" >/dev/null; fi && continue
		missing+=("$package")
		return
	done
}

words=' lab '
[ "${1-}" != tests ] || words=" ${*:2} "
for word in $words; do
	case $word in
	lab | time | debian | man | node-lts | qemu | revision | systemd | unpacked) ;;
	netbase) ;;
	chromium | curl | faketime | fish | git | iptables | lintian | strace | tmux | tshark | zsh) ;;
	*)
		echo "setup.sh: nobody knows what \`$word\` is" >&2
		exit 64
		;;
	esac
done
wanted() { [[ $words == *" $1 "* ]]; }

if wanted lab; then
	need bpftool bpftool
	need clang clang
	need gcc gcc
	need iproute2 ip tc
	need iputils-ping ping
	need libbpf-dev /usr/include/bpf/bpf_helpers.h
	need linux-libc-dev /usr/include/linux/bpf.h
	need llvm llvm-strip
	need mount mount
	need util-linux nsenter setpriv unshare
	ldconfig -p | grep -q 'libbpf\.so\.1 ' || missing+=(libbpf1)
fi
# What is named like its package and its command.
for word in chromium curl faketime fish git iptables lintian strace tmux tshark zsh; do
	if wanted $word; then need $word $word; fi
done
if wanted netbase; then need netbase /etc/services; fi
if wanted git; then need openssh-client ssh-keygen; fi
if wanted man; then
	need groff-base groff
	need man-db man
fi
if wanted debian || wanted qemu; then need debootstrap debootstrap; fi
if wanted debian; then need systemd-container systemd-nspawn; fi
if wanted systemd; then need systemd systemd-analyze; fi
if wanted qemu; then
	need busybox-static busybox
	need cpio cpio
	need qemu-system-x86 qemu-system-x86_64
fi
if wanted unpacked; then need python3 python3; fi

if [ ${#missing[@]} -gt 0 ]; then
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "these packages are missing: ${missing[*]}" >&2
		echo "install them: sudo apt-get install ${missing[*]}" >&2
		exit 78
	fi
	echo "installing packages: ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	if ! log=$(apt-get -q update 2>&1 && apt-get -q install -y --no-install-recommends "${missing[@]}" 2>&1); then
		printf '%s\n' "$log" >&2
		exit 78
	fi
fi

if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'; then
	echo "xdpkeep needs Node 20.19 or later; this is $(node --version 2>/dev/null || echo none): see https://nodejs.org" >&2
	exit 78
fi

# A linked node_modules belongs to somebody else, who keeps it up to date.
installed=node_modules/.package-lock.json
if [ ! -e $installed ] || { [ ! -L node_modules ] && [ package-lock.json -nt $installed ]; }; then
	echo 'installing npm packages'
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	touch $installed
fi

if wanted lab; then
	# Written last: a build that was interrupted has none.
	built=dist/.built
	if [ ! -e $built ] || [ -n "$(find src bpf schema scripts/build.mjs scripts/code-cache.mjs package-lock.json -newer $built -print -quit)" ]; then
		echo 'building dist/'
		started=$(mktemp)
		node scripts/build.mjs
		mv "$started" $built # as old as the start of the build: what changed during it is built again
	fi
fi

# What tests would have to fetch, and they know nothing of proxies and certificates of this machine.
if wanted node-lts; then bash scripts/lts-node.sh >/dev/null; fi
if wanted debian || wanted qemu; then bash scripts/test/root.sh >/dev/null; fi
if wanted revision; then bash scripts/test/revision.sh >/dev/null; fi
# Of packages with services, which an installation would start.
if wanted unpacked; then
	for package in fail2ban prometheus; do bash scripts/test/unpacked.sh $package >/dev/null; done
fi
