// SPDX-License-Identifier: Apache-2.0
//
// An ATA hard disk. Programming model: ATA/ATAPI-6 (T13/1410D): registers of clause 7
// (task_file.h), commands of clause 8 (ata_commands.cpp), protocols of clause 9 (ata_transfer.cpp),
// transfer timing of clause 10 (ata_timing.h).
//
// Time. A command takes its controller overhead from the write of COMMAND until its first data, or
// its end where it moves none; then each DRQ block moves at the host's pace, a data cycle each
// word, and `block_overhead` passes from the end of one block to the next, or to the end of the
// command. There are no mechanics yet: every read is a hit in the drive's buffer. The overheads'
// defaults are those of the Seagate Cheetah 9LP as DiskSim publishes them (a read hit 0.066 ms
// after a read, 0.273 ms after a write; a write 0.907 and 0.896 ms). The standard names no time
// between blocks; the default, 400 ns, is the shortest that a host which keeps the rule on the
// validity of Status can notice (clause 9, protocols: BSY is set within 400 ns of the host's last
// word). A written sector reaches the image at the end of the overhead that follows its block; in a
// DMA transfer, at its last word.
//
// Errors. An address out of range: IDNF; a sector that the host can not read: UNC; one that it can
// not write: DF and ABRT. The sectors before it are transferred. LBA registers then hold its
// address.
//
// Choices where the standard leaves one: settings survive a software reset (as if SET FEATURES 66h
// had been given); Multiword DMA mode 0 is selected at power-on; the standby timer is not modelled,
// nor are power states beyond what CHECK POWER MODE reports.
#pragma once

#include <array>

#include "bus/ata.h"
#include "devices/ide/ata_timing.h"
#include "devices/ide/disk_store.h"
#include "devices/ide/task_file.h"

namespace sb::devices {

class AtaDisk final : public bus::Device, public ata::Drive {
  public:
    static constexpr unsigned max_multiple = 16;  // sectors a DRQ block

    explicit AtaDisk(const bus::DeviceContext& context);

    void reset() override;

    bus::RegisterBank& data_register() override { return task_.data_bank; }
    bus::RegisterBank& command_block() override { return task_.command_bank; }
    bus::RegisterBank& control_block() override { return task_.control_bank; }
    bool selected() const override;
    bool intrq() const override;
    ata::DmaRequest dma_request() const override;
    void dma_read(std::span<uint8_t> bytes) override;
    void dma_write(std::span<const uint8_t> bytes) override;

  private:
    static constexpr unsigned sector_bytes = bus::DiskImage::sector_bytes;

    enum class Phase : uint8_t {
        idle,
        starting,   // the command's overhead passes
        pio_in,     // DRQ: the host reads the block
        pio_out,    // DRQ: the host writes the block
        gap,        // between two blocks, or after the last one written
        dma,        // DMARQ
        ending,     // after the last word of a DMA transfer
        resetting,  // SRST is set, or the diagnostic runs
    };
    enum class Protocol : uint8_t { none, pio_in, pio_out, dma_in, dma_out, diagnostic };
    enum class Cost : uint8_t { read, write, other };
    enum class Addressing : uint8_t { chs, lba28, lba48 };

    /// One row of the command table: what ATA/ATAPI-6 clause 8 says of the command.
    struct Command {
        uint8_t opcode;
        uint8_t mask;  // of the opcode's bits that count
        const char* name;
        Protocol protocol;
        Cost cost;
        bool extended;  // 48-bit parameters
        bool multiple;  // blocks of SET MULTIPLE MODE's size
        void (AtaDisk::*begin)();
    };
    static std::span<const Command> commands();
    static const Command* find(uint8_t opcode);

    // Handlers of the table: they check the parameters and prepare what the protocol then does.
    void address_sectors();
    void verify_sectors();
    void seek();
    void identify();
    void set_features();
    void set_multiple();
    void set_geometry();
    void read_native_max();
    void check_power();
    void stand_by();
    void go_idle();
    void diagnose();
    void refuse();
    void succeed() {}

    void select_mode();
    bool media_command();
    std::array<uint16_t, sector_bytes / 2> identity() const;

    // Register hooks.
    uint64_t read_status();
    uint64_t shown_status() const;
    uint64_t read_data();
    void write_data(uint64_t word);
    void command_written(uint8_t opcode);
    void device_written();
    void control_written();
    void hold_status();
    bool parameters_locked();
    bool named() const { return task_.dev == unit_; }

    // Protocols.
    void start(const Command& command);
    void work_due();
    void begin_transfer();
    void next_block();
    void block_done();
    uint32_t room(uint32_t sectors);
    unsigned load(uint32_t sectors);
    bool store(uint32_t sectors);
    void offer_block(Phase phase, bool announce);
    void begin_dma();
    bool next_dma_sector();
    void dma_moved(size_t bytes);
    void complete();
    void fail();
    void show_address(uint64_t lba);
    void finish_reset();
    Time overhead(Cost cost) const;
    void set_interrupt(bool pending);
    void apply_pio_mode();

    ata::Cable& cable_;
    const unsigned unit_;
    DiskStore store_;
    const std::string model_;
    const std::string serial_;
    const uint8_t initial_pio_mode_;
    struct {
        Time read_after_read, read_after_write, write_after_read, write_after_write, other;
        Time block, reset;
    } const times_;

    TaskFile task_;
    Timer work_{*this, "work", [this] { work_due(); }};

    State<Phase> phase_{*this, "phase", Phase::idle};
    State<uint8_t> opcode_{*this, "opcode", 0};
    State<bool> interrupt_{*this, "interrupt", false};  // pending, whatever nIEN says
    State<bool> wrote_last_{*this, "wrote_last", false};
    State<uint8_t> refusal_{*this, "refusal", 0};  // ERROR bits that the command will end with

    State<Time> status_valid_{*this, "status_valid"};  // the 400 ns rule
    State<bool> was_named_{*this, "was_named", false};

    // The transfer in progress.
    State<Addressing> addressing_{*this, "addressing", Addressing::chs};
    State<uint64_t> lba_{*this, "lba", 0};    // of the block, then of the next one
    State<uint32_t> left_{*this, "left", 0};  // sectors not yet transferred
    State<uint32_t> block_bytes_{*this, "block_bytes", 0};
    State<uint32_t> position_{*this, "position", 0};
    State<std::array<uint8_t, max_multiple * sector_bytes>> buffer_{*this, "buffer"};

    // Settings by command.
    State<uint8_t> pio_mode_{*this, "pio_mode", 0};
    State<bool> ultra_{*this, "ultra", false};
    State<uint8_t> dma_mode_{*this, "dma_mode", 0};
    State<uint8_t> multiple_{*this, "multiple", 0};
    State<uint16_t> heads_{*this, "heads", 16};
    State<uint16_t> track_{*this, "sectors_per_track", 63};
    State<bool> write_cache_{*this, "write_cache", true};
    State<bool> look_ahead_{*this, "look_ahead", true};
    State<uint8_t> power_{*this, "power", 0xff};

    Counter commands_{*this, "commands", "commands", "commands accepted"};
    Counter sectors_read_{*this, "sectors_read", "sectors", "sectors read from the image"};
    Counter sectors_written_{*this, "sectors_written", "sectors", "sectors written to the image"};
    Counter drq_blocks_{*this, "drq_blocks", "blocks", "blocks moved through the Data register"};
    Counter interrupts_{*this, "interrupts", "interrupts", "interrupts requested"};
    Counter dma_bytes_{*this, "dma_bytes", "bytes", "bytes moved by DMA"};
    Counter errors_{*this, "errors", "commands", "commands that ended with an error"};

    std::vector<observe::Name> command_names_;  // in the order of the table
    observe::Name done_name_, failed_name_;
};

}  // namespace sb::devices
