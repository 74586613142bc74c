// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/guest_image.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "sim/kernel/error.h"

namespace sb::machine {
namespace {

constexpr uint64_t largest_file = 256u << 20;
constexpr uint64_t first_mebibyte = 1u << 20;

}  // namespace

GuestImage::GuestImage(const std::string& path) : path_{path} {
    std::error_code bad;
    const auto size = std::filesystem::file_size(path, bad);
    if (bad) throw Error(fmt::format("{}: this guest can not be read: {}", path, bad.message()));
    if (size > largest_file) refuse("it is larger than 256 MiB");
    bytes_.resize(size);
    std::ifstream in{path, std::ios::binary};
    if (!in.read(reinterpret_cast<char*>(bytes_.data()), static_cast<std::streamsize>(size)))
        refuse("it can not be read");
}

void GuestImage::refuse(const std::string& why) const {
    throw Error(fmt::format("{}: this can not be run as a guest: {}", path_, why));
}

const uint8_t* GuestImage::part(uint64_t offset, uint64_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset)
        refuse("it is cut off, or its headers point past its end");
    return bytes_.data() + offset;
}

uint8_t* GuestImage::memory(bus::AddressSpace& space, uint64_t address, uint64_t size) const {
    const auto* range = space.find(address);
    if (!range || !range->direct || !range->direct->writable || size > range->size ||
        address - range->start > range->size - size)
        refuse(
            fmt::format("it wants {} bytes at {:#x}, where the machine has no memory; give it more",
                        size, address));
    return range->direct->host + (address - range->start);
}

uint64_t GuestImage::place_below(uint64_t top, uint64_t least) const {
    constexpr uint64_t page = 4096;
    if (size() == 0) throw Error(fmt::format("{}: this initial RAM disk is empty", path_));
    const uint64_t start = size() < top ? (top - size()) & ~(page - 1) : 0;
    if (start < least)
        throw Error(
            fmt::format("{}: this initial RAM disk of {} bytes does not fit between {:#x}, "
                        "where the kernel ends, and {:#x}; give the machine more memory",
                        path_, size(), least, top));
    return start;
}

uint64_t end_of_memory(const bus::AddressSpace& space) {
    const auto* high = space.find(first_mebibyte);
    return high && high->direct ? high->last() + 1 : first_mebibyte;
}

}  // namespace sb::machine
