#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make_image.sh GUEST.elf DISK.img boot_sector.S COMPILER...: a raw disk of one cylinder or more that boots the guest.
set -euo pipefail
elf=$1 image=$2 boot_source=$3
shift 3
body=$image.body boot=$image.boot
trap 'rm -f "$body" "$boot" "$boot.bin"' EXIT
objcopy -O binary -j .image "$elf" "$body"
sectors=$((($(stat -c %s "$body") + 511) / 512))
"$@" -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-Ttext=0x7c00 -Wl,-e,_start \
    -DBARE_SECTORS="$sectors" "$boot_source" -o "$boot"
objcopy -O binary -j .text "$boot" "$boot.bin"
cat "$boot.bin" "$body" >"$image"
truncate -s 1032192 "$image" # 2 cylinders of 16 heads and 63 sectors
