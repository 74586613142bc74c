#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets up, builds and runs the main job: one disk read by polling, by interrupts and by DMA.
# Arguments, if any, go to the program instead: ./run.sh run scenarios/pio_vs_dma.toml --set cpu.clock=33MHz
set -euo pipefail
cd "$(dirname "$0")"
bash cmake/setup.sh
log=build/build.log
mkdir -p build
echo "Building (log: $log) ..." >&2
if ! { cmake --preset release -DSOUTHBRIDGE_TESTS=OFF -DSOUTHBRIDGE_BENCH=OFF -B build/run &&
       cmake --build build/run; } >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    exit 1
fi
if [ "$#" -eq 0 ]; then
    set -- run scenarios/pio_vs_dma.toml --out out/pio_vs_dma
fi
exec build/run/bin/southbridge "$@"
