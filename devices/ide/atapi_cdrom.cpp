// SPDX-License-Identifier: Apache-2.0
#include "devices/ide/atapi_cdrom.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace sb::devices {
namespace {

const std::vector<Key> keys{
    {"channel",
     ValueType::choice,
     "secondary",
     "the cable that the drive is on",
     {"primary", "secondary"}},
    {"unit", ValueType::integer, "0", "its place on the cable: device 0 or 1", {}, 0, 1},
    {"image", ValueType::file, "", "the disc, an ISO image; none: the drive is empty"},
    {"speed", ValueType::integer, "24", "times 75 sectors a second", {}, 1, 72},
    {"seek_time", ValueType::duration, "85ms",
     "before a read that does not continue the last one (no published figure)"},
    {"packet_overhead", ValueType::duration, "50us",
     "from PACKET until the drive takes the command packet (at most 50 us, as it says)"},
    {"command_overhead", ValueType::duration, "200us",
     "of a packet command before its data or end (no published figure)"},
    {"block_overhead", ValueType::duration, "400ns",
     "from the end of one DRQ block to the next (no published figure: ATA's 400 ns rule)"},
    {"reset_time", ValueType::duration, "2ms", "BSY after a reset or diagnostic"}};

/// Text of IDENTIFY: the first character of each pair is the word's high byte.
void put_text(std::span<uint8_t> bytes, size_t word, size_t words, std::string text) {
    text.resize(2 * words, ' ');
    for (size_t i = 0; i < 2 * words; ++i)
        bytes[2 * word + i] = static_cast<uint8_t>(text[i % 2 ? i - 1 : i + 1]);
}

constexpr uint8_t signature_mid = 0x14, signature_high = 0xeb;

}  // namespace

const bus::DeviceModel atapi_cdrom{
    "atapi-cdrom", "ATAPI CD-ROM drive", "ATA/ATAPI-6 (T13/1410D); MMC-3 (T10/1363D)", keys,
    [](const bus::DeviceContext& c) { return std::make_unique<AtapiCdrom>(c); }};
SOUTHBRIDGE_DEVICE(atapi_cdrom)

AtapiCdrom::AtapiCdrom(const bus::DeviceContext& context)
    : Device{context},
      cable_{ata::cable_of(context)},
      unit_{static_cast<unsigned>(context.config.integer("unit"))},
      packet_overhead_{context.config.duration("packet_overhead")},
      command_overhead_{context.config.duration("command_overhead")},
      seek_time_{context.config.duration("seek_time")},
      sector_time_{Time::ps(Time::s(1).ps() / (75 * context.config.integer("speed")))},
      block_overhead_{context.config.duration("block_overhead")},
      reset_time_{context.config.duration("reset_time")},
      task_{*this,
            {.read_data = [this] { return read_data(); },
             .write_data = [this](uint64_t word) { write_data(word); },
             .read_status = [this] { return read_status(); },
             .read_alternate_status = [this] { return named() ? task_.status.value() : 0; },
             .device_written = [this] { device_written(); },
             .command_written = [this](uint64_t v) { command_written(static_cast<uint8_t>(v)); },
             .control_written = [this] { control_written(); },
             .parameters_locked = [this] { return parameters_locked(); }}} {
    if (!context.config.text("image").empty())
        store_.emplace(*this,
                       DiskStore::Options{.image = context.config.text("image"), .snapshot = true});
    declare_state("pio_timing", [this](Archive& archive) {
        if (archive.loading()) apply_pio_mode();
    });
    cable_.plug(*this, unit_);
    reset();
}

void AtapiCdrom::reset() {
    Device::reset();
    work_.cancel();
    phase_ = Phase::idle;
    opcode_ = 0;
    refused_ = false;
    position_ = staged_ = block_end_ = 0;
    left_ = 0;
    sense_ = Sense{0, 0, 0};
    attention_ = true;
    locked_ = false;
    ultra_ = false;
    dma_mode_ = pio_mode_ = 0;
    apply_pio_mode();
    signature();
    set_interrupt(false);
    cable_.dma_request_changed();
}

/// 9.12: a PACKET device's signature; Status is 00h until it has carried out a command.
void AtapiCdrom::signature() {
    task_.signature();
    task_.lba_mid.set(signature_mid);
    task_.lba_high.set(signature_high);
    task_.error.set(task_.error.spec().reset);
    task_.status.set(0);
}

void AtapiCdrom::apply_pio_mode() {
    const PioTiming& timing = pio_modes[std::min<size_t>(pio_mode_, pio_modes.size() - 1)];
    task_.data_bank.set_access_time(Time::ns(timing.data_ns));
    task_.command_bank.set_access_time(Time::ns(timing.register_ns));
    task_.control_bank.set_access_time(Time::ns(timing.register_ns));
}

void AtapiCdrom::set_interrupt(bool pending) {
    interrupt_ = pending;
    cable_.intrq_changed();
}

uint64_t AtapiCdrom::blocks() const {
    constexpr uint64_t sectors = block_size / bus::DiskImage::sector_bytes;
    return store_ ? (store_->sectors() + sectors - 1) / sectors : 0;
}

// ---- Registers

uint64_t AtapiCdrom::read_status() {
    if (!named()) return 0;
    set_interrupt(false);
    return task_.status;
}

bool AtapiCdrom::parameters_locked() {
    if (phase_ == Phase::idle) return false;
    if (named())
        finding("a parameter register was written while the drive was busy or had data to move");
    return true;
}

void AtapiCdrom::control_written() {
    if (task_.soft_reset && phase_ != Phase::resetting) {
        work_.cancel();
        phase_ = Phase::resetting;
        opcode_ = 0;
        task_.busy = 1;
        task_.data_request = 0;
        interrupt_ = false;
        cable_.dma_request_changed();
    }
    if (!task_.soft_reset && phase_ == Phase::resetting && !work_.armed())
        work_.arm_after(reset_time_);
    cable_.intrq_changed();
}

uint64_t AtapiCdrom::read_data() {
    if (phase_ != Phase::data_in || !named()) {
        finding("the Data register was read while the drive had no data to give");
        return 0xffff;
    }
    uint16_t word = 0;
    std::memcpy(&word, buffer_.ref().data() + position_, sizeof word);
    data_moved(sizeof word);
    return word;
}

void AtapiCdrom::write_data(uint64_t written) {
    if (phase_ != Phase::packet || !named()) {
        finding("the Data register was written while the drive did not ask for data");
        return;
    }
    const auto word = static_cast<uint16_t>(written);
    std::memcpy(packet_.ref().data() + position_, &word, sizeof word);
    position_ = position_ + sizeof word;
    if (position_ >= packet_bytes)
        begin(Phase::executing, Time::ns(pio_modes[pio_mode_].data_ns) + command_overhead_);
}

// ---- ATA commands

const AtapiCdrom::Command* AtapiCdrom::find_command(uint8_t opcode) {
    using D = AtapiCdrom;
    static constexpr Command table[]{{0x08, &D::device_reset},
                                     {0x20, &D::refuse_with_signature},
                                     {0x90, &D::diagnose},
                                     {0xa0, &D::ask_for_packet},
                                     {0xa1, &D::identify},
                                     {0xe0, &D::succeed},
                                     {0xe1, &D::succeed},
                                     {0xe5, &D::succeed},
                                     {0xec, &D::refuse_with_signature},
                                     {0xef, &D::set_features}};
    for (const Command& command : table)
        if (command.opcode == opcode) return &command;
    return nullptr;
}

void AtapiCdrom::command_written(uint8_t opcode) {
    constexpr uint8_t device_reset = 0x08, diagnostic = 0x90;
    if (!named() && opcode != diagnostic) return;
    if (phase_ != Phase::idle && opcode != device_reset) {
        finding("a command was written while the drive was busy or had data to move");
        return;
    }
    set_interrupt(false);
    opcode_ = opcode;
    refused_ = checked_ = false;
    staged_ = position_ = 0;
    left_ = 0;
    task_.data_request = task_.failed = 0;
    task_.error.set(0);
    begin(Phase::starting, command_overhead_);
    const Command* command = find_command(opcode);
    if (!command) finding("a command that the drive does not know was written");
    command ? (this->*command->begin)() : refuse();
}

void AtapiCdrom::begin(Phase phase, Time delay) {
    phase_ = phase;
    task_.busy = 1;
    task_.data_request = 0;
    work_.arm_after(delay);
}

void AtapiCdrom::refuse() { refused_ = true; }

/// IDENTIFY DEVICE and READ SECTORS: this is how a host learns that it is no disk.
void AtapiCdrom::refuse_with_signature() {
    task_.signature();
    task_.lba_mid.set(signature_mid);
    task_.lba_high.set(signature_high);
    refused_ = true;
}

void AtapiCdrom::ask_for_packet() {
    wanted_ = task_.features.value();
    if (overlap_) return refuse();
    executed_ = false;
    // Blocks are a whole number of words; 0 means as many as there can be.
    const uint32_t limit = (task_.lba_high.recent() * 256u + task_.lba_mid.recent()) / 2 * 2;
    limit_ = limit == 0 ? 65534 : limit;
    begin(Phase::asking, packet_overhead_);
}

void AtapiCdrom::device_reset() { begin(Phase::resetting, reset_time_); }
void AtapiCdrom::diagnose() { begin(Phase::resetting, reset_time_); }

void AtapiCdrom::set_features() {
    constexpr uint8_t set_transfer_mode = 0x03;
    if (task_.features != set_transfer_mode) return refuse();
    const uint8_t value = task_.count.recent();
    for (const TransferMode& group : transfer_modes) {
        if (value < group.first || value >= group.first + group.count) continue;
        const auto mode = static_cast<uint8_t>(value - group.first);
        if (group.kind == TransferMode::Kind::pio_default ||
            group.kind == TransferMode::Kind::pio) {
            pio_mode_ = group.kind == TransferMode::Kind::pio ? mode : uint8_t{0};
            return apply_pio_mode();
        }
        ultra_ = group.kind == TransferMode::Kind::ultra;
        dma_mode_ = mode;
        return;
    }
    refuse();
}

/// IDENTIFY PACKET DEVICE, ATA/ATAPI-6, clause 8.
void AtapiCdrom::identify() {
    std::span<uint8_t> bytes{buffer_.ref().data(), 512};
    std::fill(bytes.begin(), bytes.end(), uint8_t{0});
    auto put = [&](size_t word, unsigned value) {
        bytes[2 * word] = static_cast<uint8_t>(value % 256);
        bytes[2 * word + 1] = static_cast<uint8_t>(value / 256);
    };
    auto chosen = [](size_t count, bool selected, unsigned mode) {
        return static_cast<unsigned>((1u << count) - 1 + (selected ? 256u << mode : 0));
    };
    put(0, 0x85c0);  // ATAPI, CD-ROM, removable, DRQ within 50 us, packets of 12 bytes
    put_text(bytes, 10, 10, "SB0000");
    put_text(bytes, 23, 4, "1.0");
    put_text(bytes, 27, 20, "Southbridge ATAPI CD-ROM");
    put(49, 0x0f00);  // DMA, LBA, IORDY
    put(53, 0x0006);  // words 64 to 70 and 88 are valid
    put(63, chosen(multiword_ns.size(), !ultra_, dma_mode_));
    put(64, 0x0003);
    for (size_t word : {65, 66}) put(word, multiword_ns.back());
    for (size_t word : {67, 68}) put(word, pio_modes.back().data_ns);
    put(80, 0x0070);  // ATA/ATAPI-4 to -6
    put(82, 0x4210);  // NOP, DEVICE RESET, PACKET
    put(83, 0x4000);
    put(84, 0x4000);
    put(85, 0x4210);
    put(87, 0x4000);
    put(88, chosen(ultra_ns.size(), ultra_, dma_mode_));
    staged_ = static_cast<uint32_t>(bytes.size());
}

// ---- Protocol

void AtapiCdrom::show_reason(bool command, bool to_host) {
    reason_command_ = command;
    reason_in_ = to_host;
    task_.count.set(static_cast<unsigned>(reason_.value()));
}

void AtapiCdrom::work_due() {
    const Phase due = phase_;
    if (due == Phase::starting) {
        if (refused_ || staged_ == 0) return end_command();
        block_end_ = staged_.get();
        phase_ = Phase::data_in;
        task_.busy = 0;
        task_.ready = 1;
        task_.data_request = 1;
        set_interrupt(true);
    } else if (due == Phase::asking) {
        phase_ = Phase::packet;
        position_ = 0;
        task_.busy = 0;
        task_.data_request = 1;
        show_reason(true, false);
    } else if (due == Phase::executing) {
        executed_ ? next_data() : execute();
    } else if (due == Phase::resetting) {
        const bool software = opcode_ == 0;
        constexpr uint8_t diagnostic = 0x90;
        const bool tell = opcode_ == diagnostic && unit_ == 0;
        signature();
        phase_ = Phase::idle;
        opcode_ = 0;
        if (software) attention_ = true;
        if (tell) set_interrupt(true);
    }
}

/// Gives the host what is staged, reads the next block off the disc, or ends the command.
void AtapiCdrom::next_data() {
    if (position_ >= staged_ && left_ > 0 && !load_block()) return complete();
    if (checked_ || position_ >= staged_) return complete();
    task_.busy = 0;
    task_.data_request = 1;
    if (by_dma_) {
        phase_ = Phase::dma;
        return cable_.dma_request_changed();
    }
    const uint32_t count = std::min(limit_.get(), staged_ - position_);
    block_end_ = position_ + count;
    task_.lba_mid.set(count % 256);
    task_.lba_high.set(count / 256);
    show_reason(false, true);
    phase_ = Phase::data_in;
    set_interrupt(true);
}

bool AtapiCdrom::load_block() {
    constexpr uint64_t sectors = block_size / bus::DiskImage::sector_bytes;
    buffer_ = {};
    position_ = 0;
    staged_ = block_size;
    for (uint64_t i = 0; i < sectors; ++i) {
        const uint64_t at = next_ * sectors + i;
        if (at >= store_->sectors()) break;  // an image that ends within a block
        if (store_->read_sector(at, buffer_.ref().data() + i * bus::DiskImage::sector_bytes))
            continue;
        staged_ = 0;
        fail_packet({0x03, 0x11, 0x00});  // medium error, unrecovered read error
        return false;
    }
    ++blocks_read_;
    next_ = next_ + 1;
    left_ = left_ - 1;
    available_ = available_.get() + sector_time_;
    return true;
}

ata::DmaRequest AtapiCdrom::dma_request() const {
    if (phase_ != Phase::dma) return {};
    const uint16_t ns = ultra_ ? ultra_ns[dma_mode_] : multiword_ns[dma_mode_];
    return {.bytes = staged_ - position_, .to_host = true, .word = Time::ns(ns)};
}

void AtapiCdrom::dma_read(std::span<uint8_t> bytes) {
    std::memcpy(bytes.data(), buffer_.ref().data() + position_, bytes.size());
    data_moved(static_cast<uint32_t>(bytes.size()));
}

void AtapiCdrom::data_moved(uint32_t bytes) {
    position_ = position_ + bytes;
    const bool dma = phase_ == Phase::dma;
    if (position_ < (dma ? staged_.get() : block_end_.get())) return;
    constexpr uint8_t packet = 0xa0;
    if (opcode_ != packet) {
        // IDENTIFY PACKET DEVICE ends with its data.
        task_.data_request = 0;
        phase_ = Phase::idle;
        return;
    }
    position_ = std::min(position_.get(), staged_.get());
    Time pause = block_overhead_;
    if (!dma) pause += Time::ns(pio_modes[pio_mode_].data_ns);
    if (position_ >= staged_ && left_ > 0) pause = std::max(pause, available_.get() - now());
    begin(Phase::executing, pause);
}

/// The end of a packet command, good or not.
void AtapiCdrom::complete() {
    show_reason(true, true);
    phase_ = Phase::idle;
    task_.busy = 0;
    task_.data_request = 0;
    task_.ready = 1;
    task_.failed = checked_.get();
    if (checked_) ++errors_;
    set_interrupt(true);
    cable_.dma_request_changed();
}

/// The end of an ATA command.
void AtapiCdrom::end_command() {
    phase_ = Phase::idle;
    task_.busy = 0;
    task_.ready = refused_ ? task_.ready.get() : 1;
    task_.failed = refused_.get();
    if (refused_) {
        task_.error.set(task_.abort.make());
        ++errors_;
    }
    set_interrupt(true);
}

}  // namespace sb::devices
