// SPDX-License-Identifier: Apache-2.0
//
// A controller with drives on a test board, and the steps that every test takes: written from the
// ATA/ATAPI-6 and bus-master IDE documents, as a driver would be, and apart from the models.
#pragma once

#include <catch2/catch.hpp>
#include <optional>
#include <vector>

#include "bus/disk_image.h"
#include "tests/support/isolated.h"
#include "tests/support/test_board.h"

namespace sb::test {

using namespace sb::literals;

namespace ide {

inline constexpr uint16_t data = 0x1f0, error = 0x1f1, features = 0x1f1, count = 0x1f2,
                          lba_low = 0x1f3, lba_mid = 0x1f4, lba_high = 0x1f5, device = 0x1f6,
                          status = 0x1f7, command = 0x1f7, alternate = 0x3f6, control = 0x3f6;
inline constexpr uint16_t bmi = 0xc000, bm_command = bmi, bm_status = bmi + 2, bm_table = bmi + 4;

inline constexpr uint8_t bsy = 0x80, drdy = 0x40, df = 0x20, dsc = 0x10, drq = 0x08, err = 0x01;
inline constexpr uint8_t abrt = 0x04, idnf = 0x10, unc = 0x40;
inline constexpr uint8_t nien = 0x02, srst = 0x04, hob = 0x80;
inline constexpr uint8_t lba_mode = 0x40, device_1 = 0x10;

inline constexpr uint8_t bm_start = 0x01, bm_to_memory = 0x08;
inline constexpr uint8_t bm_active = 0x01, bm_error = 0x02, bm_interrupt = 0x04;

}  // namespace ide

struct Prd {
    uint32_t address;
    uint16_t bytes;  // 0: 64 KiB
    bool last;
};

/// An image file of `bytes` bytes: byte i is a mixture of its sector's number and its place.
class ImageFile {
  public:
    explicit ImageFile(uint64_t bytes);
    ~ImageFile();
    const std::string& path() const { return path_; }
    std::vector<uint8_t> contents() const;
    static uint8_t byte(uint64_t i) {
        return static_cast<uint8_t>(i * 7 + i / 512 * 13 + i / 131072);
    }

  private:
    std::string path_;
};

class IdeBoard : public TestBoard {
  public:
    static constexpr uint64_t memory_bytes = 0x400000;

    /// Plugs the controller; drives are added by drive().
    explicit IdeBoard(bus::SystemBusTiming timing = {}, bool timed_pci = false);
    bus::Device& drive(Settings settings = {}, const std::string& name = "disk0");

    void enable(
        uint16_t pci_command = 0x05);  // ports and bus mastering, base address 4 at ide::bmi
    void put_table(uint32_t at, const std::vector<Prd>& entries);
    uint64_t findings() const;

    uint8_t* ram = nullptr;
    bus::Device* controller = nullptr;
    LineLog irq14{sim, board.line("irq14")};
    LineLog irq15{sim, board.line("irq15")};
};

/// A drive's overheads all zero, so that nothing but the transfer takes time.
TestBoard::Settings quick(TestBoard::Settings more = {});

/// Writes address and count; 28-bit unless `extended`.
void address(Script& io, uint64_t lba, unsigned sectors, bool extended = false,
             uint8_t device_bits = 0xe0);
/// Polls the alternate status until BSY is 0; returns it.
uint8_t wait_ready(Script& io, Time limit = Time::s(1));
/// A command without data: writes it and waits; returns Status, which it reads (clearing INTRQ).
uint8_t run_command(Script& io, uint8_t opcode);
uint8_t set_mode(Script& io, uint8_t mode);
std::vector<uint16_t> read_block(Script& io, unsigned words);
/// Whole PIO transfers in blocks of `block` sectors. They return the final status.
uint8_t pio_read(Script& io, uint8_t opcode, unsigned sectors, std::vector<uint8_t>& into,
                 unsigned block = 1);
uint8_t pio_write(Script& io, uint8_t opcode, const std::vector<uint8_t>& from, unsigned block = 1);
/// Starts the engine on the table at `table`, after the command was written.
void dma_start(Script& io, uint32_t table, bool to_memory);

}  // namespace sb::test
