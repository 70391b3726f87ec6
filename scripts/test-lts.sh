#!/usr/bin/env bash
# The tests on the Node that the package carries. Arguments go to vitest; without any, everything is run.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh test
node=$(bash scripts/lts-node.sh)/bin/node
[ -e "dist/code/$($node --version)-x64" ] || $node scripts/code-cache.mjs dist
exec "$node" node_modules/vitest/vitest.mjs run "$@"
