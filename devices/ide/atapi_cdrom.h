// SPDX-License-Identifier: Apache-2.0
//
// An ATAPI CD-ROM drive with an ISO image in it. Sources: ATA/ATAPI-6 (T13/1410D): registers of a
// PACKET device (clauses 7, 8 and 9), signature (9.12); SCSI commands: MMC-3 (T10/1363D) and
// SPC-2, SFF-8020i (atapi_packets.cpp). [MMC and SFF layouts from memory.]
//
// Protocol. PACKET: BSY, then DRQ with C/D = 1 for the 12 bytes of the command (no interrupt: word
// 0 of IDENTIFY PACKET DEVICE says 50 us). Data go in DRQ blocks of at most the host's byte count
// limit, or by DMA where FEATURES bit 0 is set; each block, and the end, raises INTRQ. The Sector
// Count register is the interrupt reason. A command that fails ends with CHK and its sense key in
// ERROR; REQUEST SENSE tells more.
//
// Time. A packet takes `packet_overhead` until the drive asks for it and `command_overhead` until
// it is carried out. A read that does not go on where the last one ended adds `seek_time`; sectors
// then come at the disc's rate, 75 a second at single speed (ISO/IEC 10149), while the host takes
// those before. Defaults without a published figure say so.
//
// Left out: changing and ejecting the disc, audio, sub-channels, reading raw sectors, overlap.
#pragma once

#include <array>
#include <optional>

#include "bus/ata.h"
#include "devices/ide/ata_timing.h"
#include "devices/ide/disk_store.h"
#include "devices/ide/task_file.h"

namespace sb::devices {

class AtapiCdrom final : public bus::Device, public ata::Drive {
  public:
    static constexpr uint32_t block_size = 2048, packet_bytes = 12;

    explicit AtapiCdrom(const bus::DeviceContext& context);
    void reset() override;

    bus::RegisterBank& data_register() override { return task_.data_bank; }
    bus::RegisterBank& command_block() override { return task_.command_bank; }
    bus::RegisterBank& control_block() override { return task_.control_bank; }
    bool selected() const override { return named() || (unit_ == 0 && !cable_.drive(1)); }
    bool intrq() const override { return interrupt_ && !task_.interrupt_disable && named(); }
    ata::DmaRequest dma_request() const override;
    void dma_read(std::span<uint8_t> bytes) override;
    void dma_write(std::span<const uint8_t>) override {}

  private:
    enum class Phase : uint8_t {
        idle,
        starting,   // an ATA command's overhead passes
        asking,     // PACKET: until DRQ
        packet,     // DRQ: the host writes the command packet
        executing,  // until the first data, or the end
        data_in,    // DRQ: the host reads the block
        dma,
        resetting,
    };
    struct Sense {
        uint8_t key, code, qualifier;
    };
    /// A row of the ATA command table.
    struct Command {
        uint8_t opcode;
        void (AtapiCdrom::*begin)();
    };
    /// A row of the packet command table.
    struct Packet {
        uint8_t opcode;
        const char* name;
        bool in_attention;  // carried out although a unit attention is pending
        void (AtapiCdrom::*run)();
    };
    static const Command* find_command(uint8_t opcode);
    static const Packet* find_packet(uint8_t opcode);

    // ATA commands (atapi_cdrom.cpp).
    void ask_for_packet();
    void identify();
    void set_features();
    void succeed() {}
    void refuse();
    void refuse_with_signature();
    void device_reset();
    void diagnose();

    // Packet commands (atapi_packets.cpp).
    void test_unit_ready();
    void request_sense();
    void inquiry();
    void start_stop();
    void prevent_removal();
    void read_capacity();
    void read_10();
    void read_12();
    void read_toc();
    void get_configuration();
    void get_event_status();
    void mode_sense();
    void mechanism_status();
    void read_blocks(uint64_t block, uint64_t count);
    bool ready();
    void respond(std::vector<uint8_t> bytes, uint64_t allocated);
    void fail_packet(Sense sense);
    uint64_t number(unsigned at, unsigned bytes) const;
    uint8_t code(unsigned at) const { return packet_.get()[at]; }

    bool named() const { return task_.dev == unit_; }
    uint64_t blocks() const;
    uint64_t read_status();
    uint64_t read_data();
    void write_data(uint64_t word);
    void command_written(uint8_t opcode);
    void device_written() { cable_.intrq_changed(); }
    void control_written();
    bool parameters_locked();
    void begin(Phase phase, Time delay);
    void work_due();
    void execute();
    void next_data();
    bool load_block();
    void data_moved(uint32_t bytes);
    void complete();
    void end_command();
    void signature();
    void set_interrupt(bool pending);
    void apply_pio_mode();
    void show_reason(bool command, bool to_host);

    ata::Cable& cable_;
    const unsigned unit_;
    std::optional<DiskStore> store_;
    const Time packet_overhead_, command_overhead_, seek_time_, sector_time_, block_overhead_,
        reset_time_;
    TaskFile task_;
    // The Sector Count register as PACKET uses it.
    bus::RegisterBank layouts_{*this, {.name = "layouts", .size = 2}};
    bus::Register reason_{layouts_,
                          {.name = "REASON",
                           .offset = 0,
                           .bits = 8,
                           .doc = "Sector Count during PACKET: interrupt reason"}};
    bus::Field reason_command_{reason_, "CD", 0, "a command, or the end; else data"};
    bus::Field reason_in_{reason_, "IO", 1, "to the host"};
    bus::Register wanted_{
        layouts_,
        {.name = "PACKET_FEATURES", .offset = 1, .bits = 8, .doc = "Features as PACKET takes it"}};
    bus::Field by_dma_{wanted_, "DMA", 0, "data go by DMA"};
    bus::Field overlap_{wanted_, "OVL", 1, "overlapped (not known)"};
    Timer work_{*this, "work", [this] { work_due(); }};

    State<Phase> phase_{*this, "phase", Phase::idle};
    State<uint8_t> opcode_{*this, "opcode", 0};
    State<bool> interrupt_{*this, "interrupt", false};
    State<bool> refused_{*this, "refused", false};  // an ATA command ends with ABRT
    State<std::array<uint8_t, packet_bytes>> packet_{*this, "packet"};
    State<std::array<uint8_t, block_size>> buffer_{*this, "buffer"};
    State<uint32_t> position_{*this, "position", 0};
    State<uint32_t> staged_{*this, "staged", 0};        // bytes in the buffer
    State<uint32_t> block_end_{*this, "block_end", 0};  // of the DRQ block
    State<uint64_t> next_{*this, "next", 0};            // block that is read next
    State<uint32_t> left_{*this, "left", 0};            // blocks not yet read
    State<Time> available_{*this, "available"};         // when the next block has come off the disc
    State<uint32_t> limit_{*this, "limit", 0};          // bytes a DRQ block, as the host wants it
    State<bool> executed_{*this, "executed", false};    // the packet's handler has run
    State<bool> checked_{*this, "checked", false};      // the packet failed
    State<Sense> sense_{*this, "sense", Sense{0, 0, 0}};
    State<bool> attention_{*this, "attention", true};
    State<bool> locked_{*this, "locked", false};
    State<bool> ultra_{*this, "ultra", false};
    State<uint8_t> dma_mode_{*this, "dma_mode", 0};
    State<uint8_t> pio_mode_{*this, "pio_mode", 0};

    Counter packets_{*this, "packets", "commands", "packet commands carried out"};
    Counter blocks_read_{*this, "blocks_read", "blocks", "blocks of 2048 bytes read"};
    Counter errors_{*this, "errors", "commands", "commands that ended with an error"};
};

}  // namespace sb::devices
