#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets up, builds and runs all tests: the release build's, then the hostile ones under the address and
# undefined-behaviour sanitizers.
set -euo pipefail
cd "$(dirname "$0")"
bash cmake/setup.sh
jobs=$(nproc)

cmake --preset release
cmake --build --preset release -j "$jobs"
ctest --preset release -j "$jobs"

cmake --preset asan
cmake --build --preset asan -j "$jobs" --target hostile_tests
# More than ten million register accesses to the device models, half alone and half together.
SOUTHBRIDGE_FUZZ_ACCESSES=5500000 ctest --preset asan -j "$jobs" -L hostile
