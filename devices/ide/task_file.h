// SPDX-License-Identifier: Apache-2.0
//
// The register file of an ATA device, declared once: ATA/ATAPI-6 (T13/1410D), clause 7. What the
// registers do is the drive's: it gives the hooks.
//
// Parameters are two deep: writing one pushes what it held into its `previous` half, which is read
// where HOB is set (clause 6, 48-bit Address feature set). Any write to the Command Block clears
// HOB. While the drive is busy or has data to move, parameters keep their value: the standard
// leaves such writes undefined (7.x, "when this register is written with BSY or DRQ set").
#pragma once

#include <functional>

#include "bus/device.h"

namespace sb::devices {

using bus::Field;
using bus::Register;
using bus::RegisterBank;

/// A parameter with its two halves.
class Parameter {
  public:
    struct Rules {
        std::function<bool()> previous_shown;   // HOB
        std::function<bool()> written_allowed;  // also told that a write comes
    };
    Parameter(RegisterBank& bank, const char* name, const char* previous_name, uint32_t offset,
              uint8_t reset, const char* doc, Rules rules);

    uint8_t recent() const { return static_cast<uint8_t>(recent_.value()); }
    uint8_t previous() const { return static_cast<uint8_t>(previous_.value()); }
    void set(unsigned recent, unsigned previous = 0);
    void reset() { set(static_cast<unsigned>(recent_.spec().reset)); }

  private:
    Rules rules_;
    Register previous_;  // before `recent_`: where both could answer a read, it does
    Register recent_;
    State<uint8_t> latched_;  // `recent_` before the write in progress
};

class TaskFile {
  public:
    struct Hooks {
        std::function<uint64_t()> read_data;
        std::function<void(uint64_t)> write_data;
        std::function<uint64_t()> read_status;
        std::function<uint64_t()> read_alternate_status;
        std::function<void()> device_written;
        std::function<void(uint64_t)> command_written;
        std::function<void()> control_written;
        std::function<bool()> parameters_locked;  // asked once a write; it reports the finding
    };
    TaskFile(bus::Device& owner, const Hooks& hooks);

    /// What every reset and EXECUTE DEVICE DIAGNOSTIC leave behind (9.12, device signature).
    void signature();

    RegisterBank data_bank;
    RegisterBank command_bank;
    RegisterBank control_bank;

    Register data;

    Register error;
    Field abort{error, "ABRT", 2, "the command was not known, or not possible"};
    Field not_found{error, "IDNF", 4, "the sector's address does not exist"};
    Field uncorrectable{error, "UNC", 6, "the sector can not be read"};
    Register features;
    Parameter count;
    Parameter lba_low;
    Parameter lba_mid;
    Parameter lba_high;
    Register device;
    Field head{device, "HEAD", 3, 0, "CHS: the head; LBA28: address bits 27 to 24"};
    Field dev{device, "DEV", 4, "which device is selected"};
    Field obsolete_5{device, "OBS5", 5, "obsolete: 1 in old drivers"};
    Field lba{device, "LBA", 6, "the address is a block number, not cylinder, head and sector"};
    Field obsolete_7{device, "OBS7", 7, "obsolete: 1 in old drivers"};
    Register status;
    Field failed{status, "ERR", 0, "the command ended with an error, see ERROR"};
    Field data_request{status, "DRQ", 3, "the host is to move data"};
    Field seek_complete{status, "DSC", 4, "command specific: seek complete"};
    Field fault{status, "DF", 5, "device fault: a write failed in the drive itself"};
    Field ready{status, "DRDY", 6, "the device takes commands"};
    Field busy{status, "BSY", 7, "the device is busy; nothing else is valid"};
    Register command;

    Register alternate_status;
    Register control;
    Field interrupt_disable{control, "nIEN", 1, "1: no interrupts"};
    Field soft_reset{control, "SRST", 2, "software reset while set"};
    Field high_order{control, "HOB", 7, "reads show the previous half of the parameters"};

  private:
    Parameter::Rules rules(const Hooks& hooks);
};

}  // namespace sb::devices
