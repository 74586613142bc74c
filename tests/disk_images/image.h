// SPDX-License-Identifier: Apache-2.0
//
// The kernels' disk images as files, and what tests know about them without the kernels' help.
#pragma once

#include <cstdint>
#include <string>

namespace sb::test {

std::string kernel_file(const std::string& name);  // The ELF file, for a direct start.
std::string image_file(const std::string& name);   // The raw disk image.

constexpr uint32_t sector_bytes = 512;
constexpr uint32_t data_lba = 1024;  // guest/README.md
constexpr uint32_t data_sectors = 64;

std::string read_sectors(const std::string& path, uint32_t lba, uint32_t count);

/// CRC-32 of IEEE 802.3, bit by bit: the kernel computes it from a table.
uint32_t crc32(const std::string& bytes);

}  // namespace sb::test
