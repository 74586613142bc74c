// SPDX-License-Identifier: Apache-2.0
//
// Expansion ROMs of PCI functions: PCI 2.2, 6.2.5.2 (the register) and 6.3 (the image).
#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "bus/pci.h"

namespace sb::pci {
namespace {

constexpr size_t least = 2 << 10,
                 most = 16 << 20;  // 6.2.5.2: bits 10 to 1 are reserved; at most 16 MB

}  // namespace

class Function::Rom final : public Target {
  public:
    Rom(Device& owner, std::vector<uint8_t> bytes, Time byte_time)
        : bytes_{std::move(bytes)},
          byte_time_{byte_time},
          owner_{owner},
          socket{owner, "expansion_rom", *this} {}

    void transport(Payload& payload, sc_core::sc_time& delay) override {
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        const uint64_t at = payload.get_address();
        const unsigned length = payload.get_data_length();
        if (payload.is_write())
            owner_.finding("a write to an expansion ROM was ignored");
        else
            for (unsigned i = 0; i < length; ++i)
                payload.get_data_ptr()[i] = at + i < bytes_.size() ? bytes_[at + i] : 0xff;
        delay += (byte_time_ * length).sc();
    }
    unsigned debug(Payload& payload) override {
        if (payload.is_write()) return 0;
        sc_core::sc_time ignored;
        transport(payload, ignored);
        return payload.get_data_length();
    }

  private:
    std::vector<uint8_t> bytes_;
    Time byte_time_;
    Device& owner_;

  public:
    TargetSocket socket;
};

void Function::add_rom(std::vector<uint8_t> image, Time byte_time) {
    if (image.empty()) return;
    if (image.size() > most)
        throw Error(fmt::format("{}: an expansion ROM has at most 16 MiB, and this one {} bytes",
                                owner.path(), image.size()));
    const auto size = static_cast<uint32_t>(std::bit_ceil(std::max(image.size(), least)));
    image.resize(size, 0xff);
    rom_ = std::make_shared<Rom>(owner, std::move(image), byte_time);
    bases_[rom_index] = {Space::memory,
                         size,
                         bus_.board().memory.attach(rom_->socket),
                         owner.path() + " expansion ROM",
                         false,
                         0,
                         0};
}

/// Address bits below the size read as zero, as those of base addresses; the enable bit is kept.
void Function::write_rom(uint64_t written) {
    const uint32_t size = bases_[rom_index].size;
    expansion_rom.set(
        size == 0 ? 0 : (written & ~uint64_t{size - 1}) | rom_enable.make(rom_enable.of(written)));
    if (size != 0) remap();
}

Key rom_key() {
    return {"rom", ValueType::file, "",
            "image of its expansion ROM, which firmware runs; empty: none"};
}

std::vector<uint8_t> load_rom(const DeviceContext& context) {
    const std::string& path = context.config.text("rom");
    if (path.empty()) return {};
    std::ifstream in{path, std::ios::binary};
    if (!in || !std::filesystem::is_regular_file(path))
        throw Error(fmt::format("{}: {} can not be read", context.name, path));
    if (std::filesystem::file_size(path) > most)
        throw Error(fmt::format("{}: {} is too large; an expansion ROM has at most 16 MiB",
                                context.name, path));
    std::vector<uint8_t> image{std::istreambuf_iterator<char>{in}, {}};
    if (image.size() < 2 || image[0] != 0x55 || image[1] != 0xaa)
        throw Error(fmt::format("{}: {} is no expansion ROM: it does not begin with 55 AA",
                                context.name, path));
    return image;
}

}  // namespace sb::pci
