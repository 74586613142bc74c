// SPDX-License-Identifier: Apache-2.0
//
// The firmware configuration device, by which a machine tells its firmware what there is. Source:
// QEMU, docs/specs/fw_cfg.txt; the items that SeaBIOS asks for: SeaBIOS, src/fw/paravirt.c. It is
// no part of any real PC: it costs what an access to an ISA port costs.
//
// Port 510h (16 bits) selects an item, whose bytes port 511h then gives one by one; after the last,
// zeros. Selecting an item that is not there gives zeros too. Writes to the data port are ignored
// (as since version 2.4 of the interface). Left out: the DMA interface (feature bit 1 is 0).
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "bus/firmware_config.h"
#include "bus/isa.h"

namespace sb::devices {
namespace {

// Numbers of items (paravirt.c; the specification for 0, 1, 19h and 20h).
enum Item : uint16_t {
    item_signature = 0x00,
    item_id = 0x01,
    item_uuid = 0x02,
    item_memory = 0x03,
    item_processors = 0x05,
    item_numa = 0x0d,
    item_boot_menu = 0x0e,
    item_most_processors = 0x0f,
    item_directory = 0x19,
    item_first_file = 0x20,
    item_acpi = 0x8000,
    item_smbios = 0x8001,
    item_irq0_override = 0x8002,
    item_e820 = 0x8003
};

using Bytes = std::vector<uint8_t>;

void append(Bytes& bytes, uint64_t value, unsigned count, bool big_endian = false) {
    for (unsigned i = 0; i < count; ++i)
        bytes.push_back(static_cast<uint8_t>(value >> (8 * (big_endian ? count - 1 - i : i))));
}
Bytes number(uint64_t value, unsigned count) {
    Bytes bytes;
    append(bytes, value, count);
    return bytes;
}

class FwCfg final : public bus::Device, public bus::FirmwareConfig {
  public:
    explicit FwCfg(const bus::DeviceContext& context)
        : Device{context},
          bank_{
              *this,
              {.name = "ports", .size = 2, .access_time = context.config.duration("access_time")}},
          selector_{bank_,
                    {.name = "SELECTOR",
                     .offset = 0,
                     .bits = 16,
                     .access = bus::wo,
                     .doc = "which item",
                     .effect = "its first byte comes next"},
                    {.write = [this](uint64_t) { position_ = 0; }}},
          data_{bank_,
                {.name = "DATA",
                 .offset = 1,
                 .bits = 8,
                 .access = bus::ro,
                 .doc = "the item's next byte",
                 .effect = "the one after it comes next",
                 .fifo = true},
                {.read = [this] { return next(); }}} {
        const uint64_t size = memory_size(context);
        item(item_signature, {'Q', 'E', 'M', 'U'});
        item(item_id, number(1, 4));
        item(item_uuid, Bytes(16));
        item(item_memory, number(size, 8));
        item(item_processors, number(context.config.integer("cpus"), 2));
        item(item_most_processors, number(context.config.integer("cpus"), 2));
        item(item_numa, number(0, 8));
        item(item_boot_menu, number(context.config.boolean("boot_menu"), 2));
        item(item_acpi, number(0, 2));
        item(item_smbios, number(0, 2));
        item(item_irq0_override, number(context.config.boolean("irq0_override"), 1));
        item(item_e820, number(0, 4));
        // Entries of 20 bytes: address, length, type (1 memory).
        Bytes map = number(0, 8);
        append(map, size, 8);
        append(map, 1, 4);
        file("etc/e820", map);
        if (const std::string& order = context.config.text("bootorder"); !order.empty())
            file("bootorder", text(order));
        if (const std::string& path = context.config.text("vga_rom"); !path.empty())
            file("vgaroms/vga.bin", contents(context.name, path));
        bus::claim_ports(context, bank_, context.config.integer("port"));
        context.board.offer<bus::FirmwareConfig>("firmware.config", *this);
    }

    void reset() override {
        Device::reset();
        position_ = 0;
    }

    void item(uint16_t number, Bytes bytes) override { items_[number] = std::move(bytes); }

    void file(const std::string& name, Bytes bytes) override {
        constexpr size_t name_bytes = 56, most = 256;
        if (name.size() >= name_bytes)
            throw Error(fmt::format("{}: the file name \"{}\" is longer than 55 characters",
                                    basename(), name));
        auto found = std::find(files_.begin(), files_.end(), name);
        if (found == files_.end()) {
            if (files_.size() >= most) throw Error(fmt::format("{}: too many files", basename()));
            found = files_.insert(found, name);
        }
        items_[static_cast<uint16_t>(item_first_file + (found - files_.begin()))] =
            std::move(bytes);
        write_directory();
    }

  private:
    static uint64_t memory_size(const bus::DeviceContext& context) {
        if (const uint64_t size = context.config.integer("memory")) return size;
        for (const auto* range : context.board.memory.ranges())
            if (range->start == 0 && range->is_memory()) return range->size;
        return 0;
    }

    static Bytes text(const std::string& text) {
        // In a scenario, commas stand for line ends.
        Bytes bytes(text.begin(), text.end());
        std::replace(bytes.begin(), bytes.end(), uint8_t{','}, uint8_t{'\n'});
        bytes.push_back(0);
        return bytes;
    }

    static Bytes contents(const std::string& owner, const std::string& path) {
        std::ifstream in{path, std::ios::binary};
        if (!in || !std::filesystem::is_regular_file(path))
            throw Error(fmt::format("{}: {} can not be read", owner, path));
        return {std::istreambuf_iterator<char>{in}, {}};
    }

    /// The directory: a count, then entries of 64 bytes, numbers big-endian.
    void write_directory() {
        Bytes directory;
        append(directory, files_.size(), 4, true);
        for (size_t i = 0; i < files_.size(); ++i) {
            const auto at = static_cast<uint16_t>(item_first_file + i);
            append(directory, items_[at].size(), 4, true);
            append(directory, at, 2, true);
            append(directory, 0, 2);
            Bytes name(files_[i].begin(), files_[i].end());
            name.resize(56);
            directory.insert(directory.end(), name.begin(), name.end());
        }
        items_[item_directory] = std::move(directory);
    }

    uint64_t next() {
        auto found = items_.find(static_cast<uint16_t>(low_.make(low_) + local_.make(local_)));
        if (found == items_.end() || position_ >= found->second.size()) return 0;
        return found->second[position_.ref()++];
    }

    bus::RegisterBank bank_;
    bus::Register selector_;
    bus::Field low_{selector_, "KEY", 13, 0, "number of the item"};
    bus::Field write_{selector_, "WRITE", 14, "the item is written (ignored)"};
    bus::Field local_{selector_, "ARCH", 15, "the item is one of this architecture's"};
    bus::Register data_;
    std::map<uint16_t, Bytes> items_;
    std::vector<std::string> files_;
    State<uint32_t> position_{*this, "position", 0};
};

}  // namespace

const bus::DeviceModel fw_cfg{
    "fw-cfg",
    "firmware configuration device",
    "QEMU docs/specs/fw_cfg; SeaBIOS src/fw/paravirt.c",
    {bus::port_key("port", "0x510", "the selector port; the data port follows"),
     {"memory",
      ValueType::size,
      "0B",
      "memory size that firmware finds; 0B: what is mapped at address 0",
      {},
      0,
      uint64_t{1} << 32},
     {"cpus", ValueType::integer, "1", "number of processors that firmware finds", {}, 1, 255},
     {"boot_menu", ValueType::boolean, "false", "firmware offers its boot menu"},
     {"irq0_override", ValueType::boolean, "false", "interrupt 0 is at input 2 of the I/O APIC"},
     {"bootorder", ValueType::text, "", "file bootorder: paths of devices, commas between"},
     {"vga_rom", ValueType::file, "", "display firmware, given as vgaroms/vga.bin"},
     bus::isa_access_time()},
    [](const bus::DeviceContext& c) { return std::make_unique<FwCfg>(c); }};
SOUTHBRIDGE_DEVICE(fw_cfg)

}  // namespace sb::devices
