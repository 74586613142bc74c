#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that building, running and testing need. Does nothing, and needs no
# network, where all of them are there. Sourced or run by run.sh and test.sh.
set -euo pipefail

packages=(
    # build
    g++ g++-multilib cmake ninja-build ccache pkg-config
    # libraries: simulation kernel, formatting, decoding, scenarios, command line, results, packet captures
    libsystemc-dev libfmt-dev libzydis-dev libzycore-dev libtomlplusplus-dev
    libcli11-dev nlohmann-json3-dev libpcap-dev
    # tests and benchmarks
    catch2 libbenchmark-dev libunicorn-dev qemu-system-x86 gtkwave python3
    # guests that tests boot
    seabios memtest86+ grub-rescue-pc ipxe-qemu
    # plots of sweeps
    gnuplot-nox
)

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "These packages are missing, and installing them needs root: ${missing[*]}" >&2
            exit 1
        }
        as_root=(sudo)
    fi
    echo "Installing: ${missing[*]}" >&2
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
