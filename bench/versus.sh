#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Southbridge beside Bochs and QEMU (TCG): the same bare guests (bench/guests) on each, in turns, and how many
# million guest instructions each does in a second of processor time. Then what starting up takes.
#
#   bench/versus.sh [RUNS]      runs of each guest on each simulator (5); the median counts
#
# What is measured is the processor time of the whole process from the guest's "start" on: the firmware's time
# is not in it, and a busy host disturbs it less than it does wall time. The number of instructions is
# Southbridge's count of one run, and the same on all: what the guests print at the end has to be equal.
# Southbridge runs with timing and attribution on; "ideal" is its model in which every instruction takes a clock.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-5}
build=${SOUTHBRIDGE_BUILD:-build/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

guests=(bare_mix bare_kernel bare_poll)
simulators=(486 pentium ideal bochs qemu)
install_others() {
    local missing=() package
    for package in bochs bochs-term bochsbios vgabios qemu-system-x86 seabios time; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    [ "${#missing[@]}" -eq 0 ] && return
    echo "Installing: ${missing[*]}" >&2
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

build_ours() {
    bash cmake/setup.sh
    { cmake --preset release -B "$build" && cmake --build "$build" --target southbridge bare_guests; } >"$work/build.log" 2>&1 ||
        { tail -n 30 "$work/build.log" >&2; exit 1; }
}

write_configurations() {
    cat >"$work/versus.toml" <<'TOML'
title = "A bare guest"
question = "How fast does it run?"
[run]
time_limit = "100000s"
TOML
    cat >"$work/bochsrc" <<BOCHS
config_interface: textconfig
display_library: term
cpu: count=1, ips=200000000, model=pentium
memory: guest=32, host=32
romimage: file=/usr/share/bochs/BIOS-bochs-legacy
vgaromimage: file=/usr/share/vgabios/vgabios.bin
boot: disk
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path=$work/disk.img, mode=flat, cylinders=2, heads=16, spt=63, translation=auto
com1: enabled=1, mode=null
port_e9_hack: enabled=1
clock: sync=none
log: $work/bochs.log
BOCHS
    echo c >"$work/bochs.commands" # Debian's Bochs has the debugger: go on
}

# command SIMULATOR GUEST: sets the array `command`.
command_of() {
    local image=$build/guest/$2
    case $1 in
        bochs)
            cp "$image.img" "$work/disk.img"
            command=(bochs -q -f "$work/bochsrc" -rc "$work/bochs.commands")
            ;;
        qemu)
            command=(qemu-system-i386 -accel tcg -cpu pentium -m 32 -drive "file=$image.img,format=raw,if=ide,snapshot=on"
                     -debugcon stdio -display none -net none -serial null -monitor none
                     -device isa-debug-exit,iobase=0xf4,iosize=4)
            ;;
        *)
            command=("$build/bin/southbridge" boot "$image.img" --cpu "$1" --memory 32MiB --display none --snapshot
                     --set debug_console.output=terminal)
            ;;
    esac
}

# run SIMULATOR GUEST: prints the processor seconds after "start", the peak memory in KiB, and what the guest printed
# at its end.
run() {
    local line before="" child sum=""
    command_of "$1" "$2"
    rm -f "$work/rusage" "$work/pipe"
    mkfifo "$work/pipe"
    /usr/bin/time -q -o "$work/rusage" -f '%U %S %M' "${command[@]}" </dev/null >"$work/pipe" 2>/dev/null &
    local pid=$!
    while IFS= read -r line; do
        case $line in
            *start*)
                [ -z "$before" ] || continue
                read -r child _ <"/proc/$pid/task/$pid/children" || true # ends without a newline
                before=$(cat "/proc/$child/task/"*/schedstat | awk '{ s += $1 } END { print s / 1e9 }')
                ;;
            *"done "*) sum=${line##*done } ;;
        esac
    done <"$work/pipe"
    wait "$pid" || true
    awk -v before="$before" -v sum="${sum%%[^0-9a-f]*}" \
        '{ printf "%.3f %d %s\n", $1 + $2 - before, $3, sum }' "$work/rusage"
}

median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# The same code, loaded directly: without what the firmware and the boot sector do.
count_instructions() {
    "$build/bin/southbridge" run "$work/versus.toml" --set "guest.program=$build/guest/$1.elf" --json >"$work/results.json"
    awk -F'[:,]' '/"instructions"/ { print $2 + 0; exit }' "$work/results.json"
}

measure() {
    local guest simulator n seconds memory sum expected
    for ((n = 0; n < runs; ++n)); do
        for guest in "${guests[@]}"; do
            expected=""
            for simulator in "${simulators[@]}"; do
                read -r seconds memory sum < <(run "$simulator" "$guest")
                : "${expected:=$sum}"
                [ -n "$sum" ] && [ "$sum" = "$expected" ] ||
                    { echo "$guest on $simulator: the result is \"$sum\", not \"$expected\"" >&2; exit 1; }
                echo "$seconds" >>"$work/$guest.$simulator"
                echo "$memory" >>"$work/memory.$guest.$simulator"
                printf '\r%d/%d %-12s %-8s' $((n + 1)) "$runs" "$guest" "$simulator" >&2
            done
        done
    done
    printf '\r%40s\r' "" >&2
}

report() {
    local guest simulator count speed
    echo "Million guest instructions in a second of processor time: median (slowest - fastest) of $runs runs"
    printf '%-12s %9s' guest "M instr."
    for simulator in "${simulators[@]}"; do printf ' %18s' "$simulator"; done
    printf ' %10s %10s\n' 486/bochs 486/qemu
    for guest in "${guests[@]}"; do
        count=$(count_instructions "$guest")
        printf '%-12s %9.1f' "$guest" "$(awk "BEGIN { print $count / 1e6 }")"
        for simulator in "${simulators[@]}"; do
            awk -v c="$count" '{ print c / 1e6 / $1 }' "$work/$guest.$simulator" >"$work/speeds"
            speed=$(median <"$work/speeds")
            echo "$speed" >"$work/median.$simulator"
            printf ' %18s' "$(sort -g "$work/speeds" | awk -v m="$speed" 'NR == 1 { low = $1 } { high = $1 }
                END { printf "%.0f (%.0f-%.0f)", m, low, high }')"
        done
        printf ' %10.2f %10.2f\n' "$(awk "BEGIN { print $(cat "$work/median.486") / $(cat "$work/median.bochs") }")" \
            "$(awk "BEGIN { print $(cat "$work/median.486") / $(cat "$work/median.qemu") }")"
    done
    printf '\nPeak memory, MiB, of bare_mix (the guest touches 5):'
    for simulator in "${simulators[@]}"; do
        printf '  %s %.0f' "$simulator" "$(median <"$work/memory.bare_mix.$simulator" | awk '{ print $1 / 1024 }')"
    done
    printf '  (Southbridge: at most 5 + 60)\n'
}

# Until the first guest instruction, without firmware: the guest speaks in its first microseconds.
start_up() {
    local n line began child pid
    for ((n = 0; n < runs; ++n)); do
        began=$EPOCHREALTIME
        rm -f "$work/pipe"
        mkfifo "$work/pipe"
        "$build/bin/southbridge" run "$work/versus.toml" --set "guest.program=$build/guest/bare_poll.elf" \
            </dev/null >"$work/pipe" 2>/dev/null &
        pid=$!
        exec 3<"$work/pipe"
        while IFS= read -r line <&3 && [[ $line != *start* ]]; do :; done
        awk "BEGIN { print 1000 * ($EPOCHREALTIME - $began) }" >>"$work/start.wall"
        cat "/proc/$pid/task/"*/schedstat | awk '{ s += $1 } END { print s / 1e6 }' >>"$work/start.cpu"
        exec 3<&-
        kill -9 "$pid"
        wait "$pid" 2>/dev/null || true
    done
    printf 'From the command to the first guest instruction, ms, median: wall %.0f, processor %.0f  (at most 50)\n' \
        "$(median <"$work/start.wall")" "$(median <"$work/start.cpu")"
}

install_others
build_ours
write_configurations
measure
report
start_up
