#!/usr/bin/env bash
# Prints a folder with the earlier revision of this repository whose hosts are taken over by this one, built: for
# test/upgrade/. It is built with the packages of its own lock file, whatever this tree has in node_modules, and made once
# and kept. The last revision before anything on disk or on the bpffs got another name:
commit=a2d90159728ab5243a696f7787d4bda91f624b70
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=${XDPKEEP_TEST_CACHE:-/var/cache/xdpkeep-test}
folder=$cache/revision-${commit:0:12}

mkdir -p "$cache"
exec 9>"$cache/revision-lock"
flock 9 # two at once would build it twice
if [ ! -e "$folder/dist/xdpkeep.js" ]; then
	git() { command git -c "safe.directory=$PWD" "$@"; }
	if ! git cat-file -e "$commit^{commit}" 2>/dev/null; then
		echo "the tests of an upgrade build commit $commit, and this repository does not have it." >&2
		if [ "$(git rev-parse --is-shallow-repository 2>/dev/null)" = true ]; then
			echo 'It is a shallow clone: git fetch --unshallow' >&2
		else
			echo 'Run them in a full clone of the repository, history included.' >&2
		fi
		exit 1
	fi
	echo "building revision ${commit:0:12}: $folder" >&2
	rm -rf "$folder.new" "$folder"
	mkdir "$folder.new"
	git archive "$commit" | tar -x -C "$folder.new"
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	if ! (cd "$folder.new" && npm ci --ignore-scripts --no-audit --no-fund && node scripts/build.mjs) >"$log" 2>&1; then
		tail -20 "$log" >&2
		exit 1
	fi
	rm -rf "$folder.new/node_modules" # all of it that runs is in dist/
	mv "$folder.new" "$folder"
fi
echo "$folder"
