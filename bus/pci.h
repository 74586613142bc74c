// SPDX-License-Identifier: Apache-2.0
//
// PCI as software sees it: functions with a 256-byte configuration header, base address registers
// that map and unmap a target, bus mastering, and interrupts, by pin or by message. Source: PCI Local
// Bus Specification 2.2, chapter 6. The bus's own cycles are in bus/pci_bus.h; functions master it by
// pci::MasterPort (bus/pci_master.h).
//
// Interrupts. Pin INTA# to INTD# (0 to 3) of device d is wired to PIRQ# line (pin + d - 1) modulo 4,
// "pirqa" to "pirqd", as on boards with the PIIX3 (SeaBIOS, src/fw/pciinit.c, piix_pci_slot_get_irq), and these
// are what the PCI-ISA bridge routes. A function with the MSI capability (6.8), once software has
// enabled it, writes a message instead, and does not drive its pin. It does so as a bus master, after
// all that it has written before; with COMMAND.MASTER clear the message is lost, which is a finding.
//
// Expansion ROM (6.2.5.2, 6.3). A function with one, add_rom(), answers reads of it where COMMAND.MEM and the
// register's enable bit are set.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bus/device.h"

namespace sb::pci {

using namespace sb::bus;

class Bus;
class LocalBus;
class MasterPort;
struct LocalBusTiming;

struct Slot {
    unsigned device = 0;    // 0 to 31
    unsigned function = 0;  // 0 to 7
};

struct Identity {
    uint16_t vendor = 0;
    uint16_t device = 0;
    uint32_t class_code = 0;  // class, subclass, programming interface: 0x010180
    uint8_t revision = 0;
    uint8_t interrupt_pin = 0;  // 0 none, 1 INTA#
    bool multifunction = false;
    uint16_t subsystem_vendor = 0;
    uint16_t subsystem = 0;
};

/// A function's configuration header (type 0) and its base address registers. A device has it as a
/// member, and may declare registers of its own in `bank` from offset 0x40 on.
class Function {
  public:
    Function(Device& owner, Bus& bus, Slot slot, Identity identity);
    ~Function();

    /// Declares an MSI capability at `offset` of the configuration space (10 bytes, from 40h on), the
    /// only capability of the function. In the constructor of the device.
    void add_msi(uint32_t offset);
    /// The function wants (or no longer wants) service: a message where MSI is enabled, else its pin.
    void interrupt(bool asserted);
    bool sends_messages() const;

    enum class Space : uint8_t { memory, ports };
    /// Declares base address register `index`: `size` bytes (a power of two) of `socket`.
    void add_base(unsigned index, Space space, uint32_t size, TargetSocket& socket,
                  const std::string& name);

    /// Declares an expansion ROM with this image, which reads as FFh up to the next power of two. `byte_time`: what the
    /// chip, 8 bits wide, adds for each byte of an access. In the constructor of the device.
    void add_rom(std::vector<uint8_t> image, Time byte_time = {});
    /// What firmware does at start: gives every base address register that has a size an address
    /// from the cursors, which move on, and lets the function answer.
    void assign_bases(uint32_t& next_port, uint32_t& next_memory);

    /// One of its memory windows claims the address.
    bool claims(uint64_t address) const;

    /// Called when COMMAND was written: what waited for leave to master the bus may go on.
    void on_command(std::function<void()> hook) { on_command_ = std::move(hook); }
    bool bus_master() const { return bus_master_enable; }
    Slot slot() const { return slot_; }
    Bus& bus() { return bus_; }

    Device& owner;
    RegisterBank bank;
    Register vendor_id;
    Register device_id;
    Register command;
    Field port_enable{command, "IO", 0, "answers port accesses"};
    Field memory_enable{command, "MEM", 1, "answers memory accesses"};
    Field bus_master_enable{command, "MASTER", 2, "may master the bus"};
    Field parity_enable{command, "PERR", 6, "parity error response"};
    Field serr_enable{command, "SERR", 8, "SERR# enable"};
    Register status;
    Field capabilities{status, "CAP", 4, "there is a list of capabilities", ro};
    Field fast_back{status, "FBB", 7, "fast back-to-back capable", ro};
    Field devsel{status, "DEVSEL", 10, 9, "DEVSEL timing: medium", ro};
    Field signalled_target_abort{status, "STA", 11, "signalled target abort", w1c};
    Field received_target_abort{status, "RTA", 12, "received target abort", w1c};
    Field received_master_abort{status, "RMA", 13, "received master abort", w1c};
    Register revision_id;
    Register class_interface;
    Register class_sub;
    Register class_base;
    Register cache_line_size;
    Register latency_timer;
    Register header_type;
    Register bist;
    RegisterArray base;
    Register subsystem_vendor_id;
    Register subsystem_id;
    Register expansion_rom;
    Field rom_enable{expansion_rom, "ENABLE", 0, "answers, where COMMAND.MEM is set too"};
    Field rom_address{expansion_rom, "ADDRESS", 31, 11, "first address"};
    Register interrupt_line;
    Register interrupt_pin;

  private:
    struct Base {
        Space space = Space::ports;
        uint32_t size = 0;
        unsigned outlet = 0;
        std::string name;
        bool mapped = false;
        unsigned range = 0;
        uint64_t at = 0;
    };
    void write_base(unsigned index, uint64_t written);
    void write_rom(uint64_t written);
    bool enabled(unsigned index) const;
    void remap();

    class Rom;
    struct Msi;
    void send_message();

    Bus& bus_;
    Slot slot_;
    static constexpr unsigned rom_index = 6;
    std::array<Base, rom_index + 1> bases_;  // the base address registers, and the expansion ROM
    std::shared_ptr<Rom> rom_;               // made by add_rom
    Pin pin_{owner, "pci_interrupt"};
    State<bool> asserted_{owner, "pci_asserted", false};
    std::function<void()> on_command_;
    std::shared_ptr<Msi> msi_;  // made by add_msi
};

/// The key that names the file of an expansion ROM, and what is in that file: empty where none is named. Throws `Error`
/// where it is no expansion ROM's image (6.3.1: it begins with 55h AAh).
Key rom_key();
std::vector<uint8_t> load_rom(const DeviceContext& context);

/// The set of functions on bus 0, found by device and function number.
class Bus {
  public:
    explicit Bus(Board& board);
    ~Bus();
    /// Gives the bus cycles of its own, before any device is built. Without, masters are straight on
    /// the system bus, and processors' accesses pay nothing for crossing it.
    void time(const LocalBusTiming& timing);
    /// The bus's cycles; null where they are not modelled.
    LocalBus* local() { return local_.get(); }
    Board& board() { return board_; }
    /// Throws `Error` where the slot is taken.
    void add(Function& function);
    /// The function, or null.
    Function* find(unsigned device, unsigned function) const;
    /// The function whose memory window claims the address, or null.
    Function* claimant(uint64_t address) const;
    const std::vector<Function*>& functions() const { return functions_; }

  private:
    Board& board_;
    std::vector<Function*> functions_;
    std::unique_ptr<LocalBus> local_;
};

/// The board's PCI bus; throws `Error` in the device's name where it has none.
Bus& bus_of(const DeviceContext& context);

}  // namespace sb::pci
