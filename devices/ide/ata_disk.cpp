// SPDX-License-Identifier: Apache-2.0
#include "devices/ide/ata_disk.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace sb::devices {
namespace {

const std::vector<Key> keys{
    {"channel",
     ValueType::choice,
     "primary",
     "the cable that the drive is on",
     {"primary", "secondary"}},
    {"unit", ValueType::integer, "0", "its place on the cable: device 0 or 1", {}, 0, 1},
    {"image", ValueType::file, "", "the disk's contents; none: a blank disk in memory"},
    {"snapshot", ValueType::boolean, "false", "keep writes in memory and leave the image alone"},
    {"size", ValueType::size, "64MiB", "size of a blank disk", {}, 512, uint64_t{1} << 40},
    {"fill", ValueType::choice, "zero", "what a blank disk holds", {"zero", "pattern"}},
    {"model", ValueType::text, "Southbridge ATA disk", "model number, up to 40 characters"},
    {"serial", ValueType::text, "SB0000", "serial number, up to 20 characters"},
    {"pio_mode", ValueType::integer, "0", "PIO mode after power-on", {}, 0, pio_modes.size() - 1},
    {"read_overhead", ValueType::duration, "66us",
     "from a read command to its first data, after a read (Cheetah 9LP, buffer hit)"},
    {"read_after_write_overhead", ValueType::duration, "273us", "the same after a write"},
    {"write_after_read_overhead", ValueType::duration, "907us",
     "from a write command to its first data, after a read (Cheetah 9LP)"},
    {"write_overhead", ValueType::duration, "896us", "the same after a write"},
    {"other_overhead", ValueType::duration, "66us",
     "of a command without media access (no published figure: that of a read hit)"},
    {"block_overhead", ValueType::duration, "400ns",
     "from the end of one DRQ block to the next (no published figure: ATA's 400 ns rule)"},
    {"reset_time", ValueType::duration, "2ms",
     "BSY after a reset or diagnostic (a host looks after 2 ms at the earliest)"}};

/// The text, which IDENTIFY DEVICE must have room for.
const std::string& fitting(const bus::DeviceContext& context, const char* key, size_t room) {
    const std::string& text = context.config.text(key);
    if (text.size() > room)
        throw Error(fmt::format("{}: {} \"{}\" has {} characters, a drive has room for {}",
                                context.name, key, text, text.size(), room));
    return text;
}

}  // namespace

const bus::DeviceModel ata_disk{
    "ata-disk", "ATA hard disk", "ATA/ATAPI-6 (T13/1410D)", keys,
    [](const bus::DeviceContext& c) { return std::make_unique<AtaDisk>(c); }};
SOUTHBRIDGE_DEVICE(ata_disk)

AtaDisk::AtaDisk(const bus::DeviceContext& context)
    : Device{context},
      cable_{ata::cable_of(context)},
      unit_{static_cast<unsigned>(context.config.integer("unit"))},
      store_{*this,
             {.image = context.config.text("image"),
              .snapshot = context.config.boolean("snapshot"),
              .blank_bytes = context.config.integer("size"),
              .pattern = context.config.text("fill") == "pattern"}},
      model_{fitting(context, "model", 40)},
      serial_{fitting(context, "serial", 20)},
      initial_pio_mode_{static_cast<uint8_t>(context.config.integer("pio_mode"))},
      times_{.read_after_read = context.config.duration("read_overhead"),
             .read_after_write = context.config.duration("read_after_write_overhead"),
             .write_after_read = context.config.duration("write_after_read_overhead"),
             .write_after_write = context.config.duration("write_overhead"),
             .other = context.config.duration("other_overhead"),
             .block = context.config.duration("block_overhead"),
             .reset = context.config.duration("reset_time")},
      task_{*this,
            {.read_data = [this] { return read_data(); },
             .write_data = [this](uint64_t word) { write_data(word); },
             .read_status = [this] { return read_status(); },
             .read_alternate_status = [this] { return shown_status(); },
             .device_written = [this] { device_written(); },
             .command_written = [this](uint64_t v) { command_written(static_cast<uint8_t>(v)); },
             .control_written = [this] { control_written(); },
             .parameters_locked = [this] { return parameters_locked(); }}},
      done_name_{probe().stream().intern("done")},
      failed_name_{probe().stream().intern("failed")} {
    for (const Command& command : commands())
        command_names_.push_back(probe().stream().intern(command.name));
    declare_state("pio_timing", [this](Archive& archive) {
        if (archive.loading()) apply_pio_mode();
    });
    cable_.plug(*this, unit_);
    context.board.offer<bus::DiskImage>(fmt::format("disk.{}", cable_.number() * 2 + unit_),
                                        store_);
    reset();
}

void AtaDisk::reset() {
    Device::reset();
    work_.cancel();
    task_.signature();
    phase_ = Phase::idle;
    opcode_ = 0;
    wrote_last_ = false;
    refusal_ = 0;
    left_ = 0;
    pio_mode_ = initial_pio_mode_;
    ultra_ = false;
    dma_mode_ = 0;
    multiple_ = 0;
    heads_ = 16;
    track_ = 63;
    write_cache_ = look_ahead_ = true;
    power_ = 0xff;
    status_valid_ = Time{};
    was_named_ = named();
    apply_pio_mode();
    set_interrupt(false);
    cable_.dma_request_changed();
}

void AtaDisk::apply_pio_mode() {
    const PioTiming& timing = pio_modes[std::min<size_t>(pio_mode_, pio_modes.size() - 1)];
    task_.data_bank.set_access_time(Time::ns(timing.data_ns));
    task_.command_bank.set_access_time(Time::ns(timing.register_ns));
    task_.control_bank.set_access_time(Time::ns(timing.register_ns));
}

// ---- The cable's view

bool AtaDisk::selected() const { return named() || (unit_ == 0 && !cable_.drive(1)); }

bool AtaDisk::intrq() const { return interrupt_ && !task_.interrupt_disable && named(); }

void AtaDisk::set_interrupt(bool pending) {
    if (pending && !interrupt_) ++interrupts_;
    interrupt_ = pending;
    cable_.intrq_changed();
}

// ---- Register hooks

uint64_t AtaDisk::read_status() {
    if (named()) {
        // Reading Alternate Status to pass the time is what drivers do, and is not reported.
        if (now() < status_valid_)
            finding("Status was read within 400 ns of a command or of selecting the drive");
        set_interrupt(false);
    }
    return shown_status();
}

/// Device 0 answers 00h for a device 1 that is not there (9.16.1).
uint64_t AtaDisk::shown_status() const { return named() ? task_.status.value() : 0; }

bool AtaDisk::parameters_locked() {
    if (phase_ == Phase::idle) return false;
    if (named())
        finding("a parameter register was written while the drive was busy or had data to move");
    return true;
}

/// Status is not valid before 400 ns have passed since the end of the cycle that begins now.
void AtaDisk::hold_status() {
    status_valid_ = now() + Time::ns(pio_modes[pio_mode_].register_ns + 400);
}

void AtaDisk::device_written() {
    parameters_locked();
    if (named() && !was_named_) hold_status();
    was_named_ = named();
    cable_.intrq_changed();
}

void AtaDisk::control_written() {
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
        work_.arm_after(times_.reset);
    cable_.intrq_changed();
}

void AtaDisk::command_written(uint8_t opcode) {
    const Command* command = find(opcode);
    const bool diagnostic = command && command->protocol == Protocol::diagnostic;
    // Both devices run the diagnostic, whichever is selected (8.11).
    if (!named() && !diagnostic) return;
    if (phase_ != Phase::idle) {
        finding("a command was written while the drive was busy or had data to move", [&] {
            return fmt::format("command {:#04x} during {:#04x}: ignored", opcode, opcode_.get());
        });
        return;
    }
    static const Command unknown{0,           0,     "unknown", Protocol::none,
                                 Cost::other, false, false,     &AtaDisk::refuse};
    opcode_ = opcode;
    if (!command)
        finding("a command that the drive does not know was written",
                [&] { return fmt::format("command {:#04x}: aborted", opcode); });
    start(command ? *command : unknown);
}

void AtaDisk::start(const Command& command) {
    ++commands_;
    set_interrupt(false);
    hold_status();
    phase_ = Phase::starting;
    task_.busy = 1;
    task_.data_request = 0;
    task_.failed = 0;
    task_.fault = 0;
    task_.error = 0;
    refusal_ = 0;
    left_ = 0;
    const Time time =
        command.protocol == Protocol::diagnostic ? times_.reset : overhead(command.cost);
    (this->*command.begin)();
    if (command.cost != Cost::other) {
        wrote_last_ = command.cost == Cost::write;
        power_ = 0xff;
    }
    if (&command >= commands().data() && &command < commands().data() + commands().size())
        probe().emit(now(), observe::Kind::device,
                     command_names_[static_cast<size_t>(&command - commands().data())], lba_,
                     left_);
    work_.arm_after(time);
}

Time AtaDisk::overhead(Cost cost) const {
    if (cost == Cost::read) return wrote_last_ ? times_.read_after_write : times_.read_after_read;
    if (cost == Cost::write)
        return wrote_last_ ? times_.write_after_write : times_.write_after_read;
    return times_.other;
}

// ---- Ends of commands

void AtaDisk::complete() {
    task_.busy = 0;
    task_.data_request = 0;
    phase_ = Phase::idle;
    probe().emit(now(), observe::Kind::device, done_name_, opcode_);
}

void AtaDisk::fail() {
    ++errors_;
    task_.error = refusal_.get();
    task_.failed = 1;
    task_.busy = 0;
    task_.data_request = 0;
    phase_ = Phase::idle;
    if (media_command()) show_address(lba_);
    probe().emit(now(), observe::Kind::device, failed_name_, opcode_, refusal_);
    set_interrupt(true);
    cable_.dma_request_changed();
}

/// The address of the first sector that failed.
void AtaDisk::show_address(uint64_t lba) {
    const auto byte = [lba](unsigned i) { return static_cast<unsigned>(lba >> (8 * i)) & 0xff; };
    if (addressing_ == Addressing::lba48) {
        task_.lba_low.set(byte(0), byte(3));
        task_.lba_mid.set(byte(1), byte(4));
        task_.lba_high.set(byte(2), byte(5));
        task_.count.set(left_ & 0xff, (left_ >> 8) & 0xff);
        return;
    }
    task_.count.set(left_ & 0xff);
    if (addressing_ == Addressing::lba28) {
        task_.lba_low.set(byte(0));
        task_.lba_mid.set(byte(1));
        task_.lba_high.set(byte(2));
        task_.head = byte(3);
        return;
    }
    const uint64_t cylinder = lba / track_ / heads_;
    task_.lba_low.set(static_cast<unsigned>(lba % track_ + 1));
    task_.head = lba / track_ % heads_;
    task_.lba_mid.set(cylinder & 0xff);
    task_.lba_high.set((cylinder >> 8) & 0xff);
}

/// SRST was released, or the diagnostic has ended: signature and code 01h, "passed" (9.12).
void AtaDisk::finish_reset() {
    const bool diagnostic = opcode_ != 0;
    task_.signature();
    was_named_ = named();
    task_.error.set(task_.error.spec().reset);
    task_.status.set(task_.status.spec().reset);
    phase_ = Phase::idle;
    opcode_ = 0;
    // Only device 0 reports the diagnostic's end; after a software reset nobody does.
    if (diagnostic && unit_ == 0) set_interrupt(true);
}

}  // namespace sb::devices
