// SPDX-License-Identifier: Apache-2.0
#include "devices/memory/memory.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <fstream>

namespace sb::devices {
namespace {

constexpr uint64_t page = 4096, huge_page = 2 << 20, most_huge = 32 << 20;

std::vector<Key> keys(bool rom) {
    std::vector<Key> list{{"address", ValueType::integer, "0", "first physical address"},
                          {"size",
                           ValueType::size,
                           rom ? "64KiB" : "16MiB",
                           "how much there is",
                           {},
                           4096,
                           uint64_t{3} << 30},
                          {"first_wait",
                           ValueType::integer,
                           "0",
                           "wait states of a first or single beat, bus clocks",
                           {},
                           0,
                           1000},
                          {"next_wait",
                           ValueType::integer,
                           "0",
                           "wait states of each further beat of a burst",
                           {},
                           0,
                           1000}};
    if (!rom)
        list.push_back({"dram", ValueType::choice, "none",
                        "none: flat wait states; a part: its banks, rows and refresh",
                        bus::dram_names()});
    if (rom) list.push_back({"image", ValueType::file, "", "contents, placed at the end"});
    return list;
}

}  // namespace

const bus::DeviceModel ram{
    "ram", "random access memory", "wait states as configured, or those of a DRAM part",
    keys(false),
    [](const bus::DeviceContext& c) { return std::make_unique<Memory>(c, Memory::Kind::ram); }};
SOUTHBRIDGE_DEVICE(ram)

const bus::DeviceModel rom{
    "rom", "read-only memory filled from a file", "wait states as configured", keys(true),
    [](const bus::DeviceContext& c) { return std::make_unique<Memory>(c, Memory::Kind::rom); }};
SOUTHBRIDGE_DEVICE(rom)

Memory::Memory(const bus::DeviceContext& context, Kind kind)
    : Device{context}, socket_{*this, "socket", *this} {
    const Config& config = context.config;
    direct_.size = (config.integer("size") + page - 1) / page * page;
    direct_.writable = kind == Kind::ram;
    direct_.first_wait_clocks = static_cast<unsigned>(config.integer("first_wait"));
    direct_.next_wait_clocks = static_cast<unsigned>(config.integer("next_wait"));
    if (kind == Kind::ram)
        for (const bus::DramPart& part : bus::dram_parts())
            if (config.text("dram") == part.name)
                dram_ = std::make_unique<bus::Dram>(*this, context.board.stream, part);
    direct_.dram = dram_.get();
    // Pages that no guest touches cost no host memory.
    mapped_ = direct_.size + huge_page;
    mapping_ = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping_ == MAP_FAILED)
        throw Error(
            fmt::format("{}: the host can not give {} bytes of memory", path(), direct_.size));
    const auto aligned =
        (reinterpret_cast<uintptr_t>(mapping_) + huge_page - 1) / huge_page * huge_page;
    direct_.host = reinterpret_cast<uint8_t*>(aligned);
    // Only a wish: where the host grants it, accesses all over a guest's memory miss its TLB less.
    // For the low part only, where guests are dense: a page touched there may cost 2 MiB, which is
    // bounded.
    if (direct_.writable) ::madvise(direct_.host, std::min(direct_.size, most_huge), MADV_HUGEPAGE);
    direct_.page_flags.resize(direct_.size / page);
    if (kind == Kind::rom && !config.text("image").empty()) load(config.text("image"));
    declare_state("bytes", [this](Archive& archive) {
        archive.sparse("bytes", {direct_.host, direct_.size});
    });
    const uint64_t address = config.integer("address");
    const uint64_t end = context.board.memory.size();
    if (address >= end || direct_.size > end - address)
        throw Error(fmt::format("{}: {} bytes at {:#x} do not fit below {:#x}", path(),
                                direct_.size, address, end));
    if (std::string clash = context.board.memory.clash(address, direct_.size); !clash.empty())
        throw Error(fmt::format("{}: memory {}", path(), clash));
    unsigned outlet = context.board.memory.attach(socket_);
    context.board.memory.map(address, direct_.size, outlet, context.name, false, &direct_);
}

Memory::~Memory() { ::munmap(mapping_, mapped_); }

/// The end of a ROM is what a processor starts in, so a smaller image is placed there.
void Memory::load(const std::string& file) {
    std::ifstream in{file, std::ios::binary | std::ios::ate};
    if (!in) throw Error(fmt::format("{}: {} can not be read", path(), file));
    const auto length = static_cast<uint64_t>(in.tellg());
    if (length > direct_.size)
        throw Error(fmt::format("{}: {} has {} bytes, the ROM has {}; give it a larger size",
                                path(), file, length, direct_.size));
    in.seekg(0);
    in.read(reinterpret_cast<char*>(direct_.host + (direct_.size - length)),
            static_cast<std::streamsize>(length));
}

void Memory::transport(bus::Payload& payload, sc_core::sc_time&) {
    const uint64_t at = payload.get_address();
    const unsigned length = payload.get_data_length();
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    if (at >= direct_.size || length > direct_.size - at) {
        payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    } else if (!payload.is_write()) {
        std::memcpy(payload.get_data_ptr(), direct_.host + at, length);
    } else if (direct_.writable) {
        std::memcpy(direct_.host + at, payload.get_data_ptr(), length);
    } else {
        finding("a write to read-only memory was ignored");
    }
}

bool Memory::direct_memory(bus::Payload&, tlm::tlm_dmi& dmi) {
    dmi.set_dmi_ptr(direct_.host);
    dmi.set_start_address(0);
    dmi.set_end_address(direct_.size - 1);
    dmi.set_granted_access(direct_.writable ? tlm::tlm_dmi::DMI_ACCESS_READ_WRITE
                                            : tlm::tlm_dmi::DMI_ACCESS_READ);
    return true;
}

unsigned Memory::debug(bus::Payload& payload) {
    const uint64_t at = payload.get_address();
    if (at >= direct_.size) return 0;
    const auto length =
        static_cast<unsigned>(std::min<uint64_t>(payload.get_data_length(), direct_.size - at));
    if (payload.is_write())
        std::memcpy(direct_.host + at, payload.get_data_ptr(), length);
    else
        std::memcpy(payload.get_data_ptr(), direct_.host + at, length);
    return length;
}

}  // namespace sb::devices
