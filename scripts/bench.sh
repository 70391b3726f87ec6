#!/usr/bin/env bash
# Start-up cost as ratios inside one run: absolute times differ from machine to machine, and from hour to hour.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh
exec node scripts/bench.mjs "$@"
