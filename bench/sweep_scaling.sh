#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How much faster a sweep is on N processes than on one: sweep_scaling.sh [PROGRAM] [N] [ROUNDS].
# The points are of equal length and quiet. Each round times both, so that a load that comes and goes hits both; the
# best time of each counts. Processor time is printed too: on a host with other work, it tells what was lost to that.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-build/release/bin/southbridge}
processes=${2:-2}
rounds=${3:-3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cat >"$scratch/equal.toml" <<'TOML'
[guest]
program = "pio_vs_dma"
[disk]
fill = "pattern"
[cpu]
cache = "none"
[guest.parameters]
sectors = 2048
pio = 4
udma = 2
[sweep.axes]
"guest.parameters.lba" = { from = 0, to = 15, step = 1 }
TOML

TIMEFORMAT='%R %U %S'
sweep() {  # processes: seconds of elapsed, user and system time
    rm -rf "$scratch/out"
    { time "$program" sweep "$scratch/equal.toml" -j "$1" --out "$scratch/out" >/dev/null; } 2>&1
}
for round in $(seq "$rounds"); do
    echo "1 $(sweep 1)"
    echo "$processes $(sweep "$processes")"
done | awk -v n="$processes" '
    { printf "%d process%s: %.2f s, %.2f s of processor time\n", $1, ($1 > 1 ? "es" : ""), $2, $3 + $4 }
    !($1 in best) || $2 < best[$1] { best[$1] = $2 }
    END { printf "16 points: %.2f s on 1, %.2f s on %d: %.2f times as fast\n", best[1], best[n], n, best[1] / best[n] }'
