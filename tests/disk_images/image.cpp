// SPDX-License-Identifier: Apache-2.0
#include "tests/disk_images/image.h"

#include <fstream>

namespace sb::test {

std::string kernel_file(const std::string& name) {
    return SOUTHBRIDGE_BINARY_DIR "/guest/" + name + ".elf";
}

std::string image_file(const std::string& name) {
    return SOUTHBRIDGE_BINARY_DIR "/guest/" + name + ".img";
}

std::string read_sectors(const std::string& path, uint32_t lba, uint32_t count) {
    std::ifstream in{path, std::ios::binary};
    std::string bytes(size_t(count) * sector_bytes, '\0');
    in.seekg(std::streamoff(lba) * sector_bytes);
    in.read(bytes.data(), std::ssize(bytes));
    return in ? bytes : std::string{};
}

uint32_t crc32(const std::string& bytes) {
    uint32_t remainder = 0xffffffff;
    for (const char byte : bytes) {
        remainder ^= uint8_t(byte);
        for (int bit = 0; bit < 8; ++bit)
            remainder = remainder >> 1 ^ (remainder & 1 ? 0xedb88320 : 0);
    }
    return ~remainder;
}

}  // namespace sb::test
