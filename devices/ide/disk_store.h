// SPDX-License-Identifier: Apache-2.0
//
// A disk's sectors: an image file, or memory. Writes go to the file at once (pwrite), so that what
// the guest wrote survives however the run ends; with `snapshot`, or without an image, they stay in
// memory and in the saved state. Nothing here throws once the disk was opened: a host error is
// false.
//
// An image whose last sector is cut short reads as if padded with zeros; a write to that sector
// makes it whole. An image that shrinks during the run loses the sectors that are gone: they fail
// to read.
#pragma once

#include <array>
#include <map>
#include <string>

#include "bus/disk_image.h"
#include "sim/kernel/component.h"

namespace sb::devices {

class DiskStore final : public bus::DiskImage {
  public:
    static constexpr uint64_t max_sectors = uint64_t{1} << 48;  // what LBA48 can address

    struct Options {
        std::string image;  // empty: a blank disk in memory
        bool snapshot = false;
        uint64_t blank_bytes = 0;
        bool pattern = false;  // a blank disk holds a pattern rather than zeros
    };
    /// Throws `Error` where the image can not serve, and says what to do.
    DiskStore(Component& owner, const Options& options);
    ~DiskStore() override;
    DiskStore(const DiskStore&) = delete;

    uint64_t sectors() const override { return sectors_; }
    bool read(uint64_t lba, std::span<uint8_t> bytes) const override;
    uint32_t crc32(uint64_t lba, uint64_t count) const override;

    bool read_sector(uint64_t lba, uint8_t* bytes) const;
    bool write_sector(uint64_t lba, const uint8_t* bytes);

  private:
    using Sector = std::array<uint8_t, sector_bytes>;
    void open(Component& owner, const Options& options);
    bool write_file(uint64_t lba, const uint8_t* bytes) const;
    void archive(Archive& archive);

    int file_ = -1;
    bool pattern_ = false;
    bool in_memory_ = false;  // writes stay in `overlay_`
    uint64_t bytes_ = 0;      // length of the image when it was opened, later of its last sector
    uint64_t sectors_ = 0;
    std::map<uint64_t, Sector> overlay_;
};

}  // namespace sb::devices
