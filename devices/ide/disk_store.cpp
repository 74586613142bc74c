// SPDX-License-Identifier: Apache-2.0
#include "devices/ide/disk_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sim/kernel/error.h"

namespace sb::devices {
namespace {

/// The word's number, its bits spread by an odd factor: different words stay different.
void put_pattern(uint64_t lba, uint8_t* bytes) {
    constexpr uint32_t words = DiskStore::sector_bytes / 4;
    for (uint32_t i = 0; i < words; ++i) {
        const uint32_t word = (static_cast<uint32_t>(lba) * words + i) * 0x9e3779b1u;
        std::memcpy(bytes + 4 * i, &word, sizeof word);
    }
}

}  // namespace

DiskStore::DiskStore(Component& owner, const Options& options) {
    if (options.image.empty()) {
        in_memory_ = true;
        pattern_ = options.pattern;
        sectors_ = options.blank_bytes / sector_bytes;
        bytes_ = sectors_ * sector_bytes;
    } else {
        open(owner, options);
    }
    owner.declare_state("overlay", [this](Archive& a) { archive(a); });
}

DiskStore::~DiskStore() {
    if (file_ >= 0) ::close(file_);
}

void DiskStore::open(Component& owner, const Options& options) {
    const char* name = options.image.c_str();
    auto refuse = [&](const std::string& why) {
        throw Error(fmt::format("{}: disk image {} {}", owner.path(), options.image, why));
    };
    struct stat info = {};
    if (::stat(name, &info) != 0)
        refuse(
            fmt::format("can not be opened ({}); give the path of an image file, or leave it out "
                        "for a blank disk",
                        std::strerror(errno)));
    if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode))
        refuse("is not a file; give the path of an image file");
    in_memory_ = options.snapshot;
    // A privileged user may open a file that nobody may write: honour its mode all the same.
    const bool anyone_writes = (info.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) != 0;
    file_ = in_memory_ || anyone_writes ? ::open(name, (in_memory_ ? O_RDONLY : O_RDWR) | O_CLOEXEC)
                                        : -1;
    if (file_ < 0 && !in_memory_ && (!anyone_writes || errno == EACCES || errno == EROFS))
        refuse("is read-only; make it writable, or set snapshot = true to keep writes in memory");
    if (file_ < 0) refuse(fmt::format("can not be opened ({})", std::strerror(errno)));
    // Two drives, or two runs, that write to one image would destroy each other's work.
    if (!in_memory_ && ::flock(file_, LOCK_EX | LOCK_NB) != 0)
        refuse("is in use by another drive or run; set snapshot = true to keep writes in memory");
    const off_t end = ::lseek(file_, 0, SEEK_END);
    bytes_ = end < 0 ? 0 : static_cast<uint64_t>(end);
    if (bytes_ == 0)
        refuse("is empty; give it a size (truncate -s 64M FILE), or leave it out for a blank disk");
    sectors_ = std::min((bytes_ + sector_bytes - 1) / sector_bytes, max_sectors);
    if (bytes_ % sector_bytes != 0)
        owner.finding("the disk image's last sector is cut short and was padded with zeros", [&] {
            return fmt::format("{} has {} bytes, no multiple of {}", options.image, bytes_,
                               sector_bytes);
        });
}

bool DiskStore::read_sector(uint64_t lba, uint8_t* bytes) const {
    if (lba >= sectors_) return false;
    if (auto found = overlay_.find(lba); found != overlay_.end()) {
        std::memcpy(bytes, found->second.data(), sector_bytes);
        return true;
    }
    std::memset(bytes, 0, sector_bytes);
    if (pattern_) put_pattern(lba, bytes);
    if (file_ < 0) return true;
    const uint64_t at = lba * sector_bytes;
    const uint64_t there = std::min<uint64_t>(sector_bytes, bytes_ - at);
    for (uint64_t done = 0; done < there;) {
        ssize_t n = ::pread(file_, bytes + done, there - done, static_cast<off_t>(at + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;  // a host error, or somebody truncated the image
        done += static_cast<uint64_t>(n);
    }
    return true;
}

bool DiskStore::write_sector(uint64_t lba, const uint8_t* bytes) {
    if (lba >= sectors_) return false;
    if (in_memory_) {
        std::memcpy(overlay_[lba].data(), bytes, sector_bytes);
        return true;
    }
    if (!write_file(lba, bytes)) return false;
    bytes_ = std::max(bytes_, (lba + 1) * sector_bytes);
    return true;
}

bool DiskStore::write_file(uint64_t lba, const uint8_t* bytes) const {
    for (uint64_t done = 0; done < sector_bytes;) {
        ssize_t n = ::pwrite(file_, bytes + done, sector_bytes - done,
                             static_cast<off_t>(lba * sector_bytes + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        done += static_cast<uint64_t>(n);
    }
    return true;
}

bool DiskStore::read(uint64_t lba, std::span<uint8_t> bytes) const {
    bool good = bytes.size() % sector_bytes == 0;
    for (size_t at = 0; at + sector_bytes <= bytes.size(); at += sector_bytes)
        good = read_sector(lba++, bytes.data() + at) && good;
    return good;
}

uint32_t DiskStore::crc32(uint64_t lba, uint64_t count) const {
    static const auto table = [] {
        std::array<uint32_t, 256> entries{};
        for (uint32_t i = 0; i < entries.size(); ++i) {
            uint32_t value = i;
            for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0xedb88320u : 0);
            entries[i] = value;
        }
        return entries;
    }();
    uint32_t crc = ~uint32_t{0};
    Sector sector;
    for (; count > 0; --count, ++lba) {
        if (!read_sector(lba, sector.data())) sector.fill(0);
        for (uint8_t byte : sector) crc = table[(crc ^ byte) & 0xff] ^ (crc >> 8);
    }
    return ~crc;
}

/// The sectors kept in memory: each as its number and its bytes.
void DiskStore::archive(Archive& archive) {
    constexpr size_t entry = sizeof(uint64_t) + sector_bytes;
    std::vector<uint8_t> packed;
    if (!archive.loading()) {
        packed.resize(overlay_.size() * entry);
        uint8_t* at = packed.data();
        for (const auto& [lba, sector] : overlay_) {
            std::memcpy(at, &lba, sizeof lba);
            std::memcpy(at + sizeof lba, sector.data(), sector_bytes);
            at += entry;
        }
    }
    archive.blob("overlay", packed, sectors_ * entry);
    if (!archive.loading()) return;
    overlay_.clear();
    for (size_t at = 0; at + entry <= packed.size(); at += entry) {
        uint64_t lba = 0;
        std::memcpy(&lba, packed.data() + at, sizeof lba);
        if (lba < sectors_)
            std::memcpy(overlay_[lba].data(), packed.data() + at + sizeof lba, sector_bytes);
    }
}

}  // namespace sb::devices
