#!/usr/bin/env bash
# The tests on the Node that the package carries. Arguments go to vitest; without any, everything is run.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh tests lab node-lts
XDPKEEP_TEST_NODE=$(bash scripts/lts-node.sh)/bin/node
export XDPKEEP_TEST_NODE
[ -e "dist/code/$("$XDPKEEP_TEST_NODE" --version)-x64" ] || "$XDPKEEP_TEST_NODE" scripts/code-cache.mjs dist
exec bash scripts/test.sh "$@"
