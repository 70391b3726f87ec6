#!/usr/bin/env bash
# Sets up, checks, tests. Arguments go to vitest (file filters, -t NAME), and then only what they name is set up and run.
# The last line says how it went: `123 passed, 0 failed`. XDPKEEP_TEST_REPORT names a file for vitest's report.
set -euo pipefail
cd "$(dirname "$0")/.."
read -ra needs < <(node scripts/test/needs.mjs "$@")
bash scripts/setup.sh tests ${needs+"${needs[@]}"}
[ $# -gt 0 ] || bash scripts/check.sh

report=${XDPKEEP_TEST_REPORT-}
if [ -z "$report" ]; then
	report=$(mktemp)
	trap 'rm -f "$report"' EXIT
fi
status=0
"${XDPKEEP_TEST_NODE:-node}" node_modules/vitest/vitest.mjs run --reporter=default --reporter=json \
	--outputFile.json="$report" "$@" || status=$?
node scripts/test-summary.mjs "$report" || status=1
exit $status
