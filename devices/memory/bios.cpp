// SPDX-License-Identifier: Apache-2.0
//
// A PC's system ROM: an image at the end of the first 4 GiB, where the processor starts, and its
// last 128 KiB again below 1 MiB. Source: Intel 82371SB (PIIX3) datasheet (290550), BIOS memory.
// The lower place is memory's too: the host bridge (pci-host), which must be described before this
// one, says which of the two answers.
//
// Time. The ROM is 8 bits wide behind the ISA bus: a 4-byte access takes 4 cycles of 6 BCLK, 96
// clocks of a 33.33 MHz bus, of which the bus itself counts the first two. Writes are ignored.
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "bus/isa.h"

namespace sb::devices {
namespace {

constexpr uint64_t low_most = 0x20000, low_end = 0x100000, high_end = uint64_t{1} << 32;
constexpr uint64_t granule = 0x10000, most = 16u << 20;

class Bios final : public bus::Device {
  public:
    explicit Bios(const bus::DeviceContext& context)
        : Device{context}, bytes_{load(context)}, high_{*this, "high"}, low_{*this, "low"} {
        declare_state("bytes", [this](Archive& a) { a.sparse("bytes", bytes_); });
        const uint64_t size = bytes_.size(), low = std::min(size, low_most);
        high_.show(context.config, bytes_.data(), size);
        low_.show(context.config, bytes_.data() + (size - low), low);
        low_.map(context, low_end - low);
        high_.map(context, high_end - size);
    }

    void reset() override {}

  private:
    struct Window final : bus::Target {
        Window(Bios& bios, const char* name) : bios{bios}, name{name}, socket{bios, name, *this} {}

        void show(const Config& config, uint8_t* host, uint64_t size) {
            memory.host = host;
            memory.size = size;
            memory.first_wait_clocks = static_cast<unsigned>(config.integer("first_wait"));
            memory.next_wait_clocks = static_cast<unsigned>(config.integer("next_wait"));
            memory.page_flags.resize(size >> bus::DirectMemory::page_shift);
        }
        void map(const bus::DeviceContext& context, uint64_t start) {
            bus::AddressSpace& space = context.board.memory;
            if (std::string clash = space.clash(start, memory.size); !clash.empty())
                throw Error(fmt::format("{}: {} (describe the host bridge, pci-host, first)",
                                        context.name, clash));
            space.map(start, memory.size, space.attach(socket), context.name + " " + name, false,
                      &memory);
        }
        void transport(bus::Payload& payload, sc_core::sc_time&) override {
            payload.set_response_status(tlm::TLM_OK_RESPONSE);
            const uint64_t at = payload.get_address();
            const unsigned length = payload.get_data_length();
            if (payload.is_write())
                bios.finding("a write to read-only memory was ignored");
            else if (at < memory.size && length <= memory.size - at)
                std::memcpy(payload.get_data_ptr(), memory.host + at, length);
            else
                payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        }
        bool direct_memory(bus::Payload&, tlm::tlm_dmi& dmi) override {
            dmi.set_dmi_ptr(memory.host);
            dmi.set_start_address(0);
            dmi.set_end_address(memory.size - 1);
            dmi.set_granted_access(tlm::tlm_dmi::DMI_ACCESS_READ);
            return true;
        }
        unsigned debug(bus::Payload& payload) override {
            if (payload.is_write()) return 0;
            sc_core::sc_time ignored;
            transport(payload, ignored);
            return payload.is_response_ok() ? payload.get_data_length() : 0;
        }

        Bios& bios;
        const char* name;
        bus::TargetSocket socket;
        bus::DirectMemory memory;
    };

    /// The image, at the end of a whole number of 64 KiB; without one, an erased flash.
    static std::vector<uint8_t> load(const bus::DeviceContext& context) {
        const std::string& path = context.config.text("image");
        std::vector<uint8_t> image;
        if (!path.empty()) {
            std::ifstream in{path, std::ios::binary};
            if (!in || !std::filesystem::is_regular_file(path))
                throw Error(fmt::format("{}: {} can not be read", context.name, path));
            image.assign(std::istreambuf_iterator<char>{in}, {});
            if (image.empty() || image.size() > most)
                throw Error(fmt::format("{}: {} has {} bytes; a system ROM has 1 byte to 16 MiB",
                                        context.name, path, image.size()));
        }
        const size_t size = std::max<size_t>(1, (image.size() + granule - 1) / granule) * granule;
        image.insert(image.begin(), size - image.size(), 0xff);
        return image;
    }

    std::vector<uint8_t> bytes_;
    Window high_;
    Window low_;
};

}  // namespace

const bus::DeviceModel bios{
    "bios",
    "system ROM at the end of 4 GiB and below 1 MiB",
    "Intel 82371SB (PIIX3), 290550",
    {{"image", ValueType::file, "", "the firmware; none: an erased ROM of 64 KiB"},
     {"first_wait",
      ValueType::integer,
      "94",
      "wait states of a first or single beat, bus clocks (8-bit ROM on ISA)",
      {},
      0,
      1000},
     {"next_wait",
      ValueType::integer,
      "95",
      "wait states of each further beat of a burst",
      {},
      0,
      1000}},
    [](const bus::DeviceContext& c) { return std::make_unique<Bios>(c); }};
SOUTHBRIDGE_DEVICE(bios)

}  // namespace sb::devices
