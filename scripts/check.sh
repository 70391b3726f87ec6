#!/usr/bin/env bash
# Everything that can be said about the source without running it. Silent when there is nothing to say.
set -uo pipefail
cd "$(dirname "$0")/.."
bin=node_modules/.bin
failed=0

check() { # NAME COMMAND...
	local name=$1 said
	shift
	said=$("$@" 2>&1) && return
	failed=1
	printf '%s:\n%s\n' "$name" "$said" >&2
}

# Nobody reads a file of more than 300 lines.
long_files() {
	local long
	long=$(find bpf docs examples scripts src systemd test ./*.md -type f ! -name '*.json' ! -name '*.svg' ! -name '*.png' \
		-exec awk 'FNR == 301 { print FILENAME }' {} +)
	[ -z "$long" ] || { echo "$long"; return 1; }
}

# Prettier reads .editorconfig; C and shell scripts, which it does not know, are indented with tabs.
indentation() {
	local spaces
	spaces=$(grep -rnP '^ (?! ?\*)(?!.*\\$)' --include='*.[ch]' --include='*.sh' bpf scripts test src examples systemd
		grep -nP '^ ' .ci/run packaging/debian/p*)
	[ -z "$spaces" ] || { echo "$spaces"; return 1; }
}

check types $bin/tsc --noEmit
check 'types of the page' $bin/tsc --noEmit -p src/page
check lint $bin/eslint --max-warnings 0 .
check format $bin/prettier --check --log-level warn .
check 'dead code' $bin/knip
check boundaries $bin/depcruise src
check indentation indentation
check 'more than 300 lines' long_files
exit $failed
