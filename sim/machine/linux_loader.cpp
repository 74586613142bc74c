// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/linux_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "sim/kernel/error.h"
#include "sim/machine/guest_image.h"
#include "sim/machine/low_memory.h"

namespace sb::machine {
namespace {

// Where things go below 640 KiB. The protocol leaves it to the loader.
constexpr uint32_t descriptor_table = 0x8000, zero_page = 0x10000, command_line_at = 0x20000;
constexpr uint32_t zero_page_bytes = 4096;
constexpr uint64_t first_mebibyte = 1u << 20;

// Offsets in the file and in the zero page, which has the header at its place (boot.rst, "The
// Real-Mode Kernel Header").
namespace at {
constexpr uint32_t setup_sectors = 0x1f1, system_size = 0x1f4, jump_length = 0x201, magic = 0x202,
                   version = 0x206, loader_type = 0x210, load_flags = 0x211, ramdisk_image = 0x218,
                   ramdisk_size = 0x21c, command_line = 0x228, initrd_limit = 0x22c,
                   command_line_size = 0x238, init_size = 0x260, least_size = 0x264;
}
// Of the zero page only (zero-page.rst; screen_info in include/uapi/linux/screen_info.h).
namespace zero {
constexpr uint32_t cursor_column = 0x00, cursor_row = 0x01, video_mode = 0x06, columns = 0x07,
                   rows = 0x0e, is_vga = 0x0f, points = 0x10, extended_memory = 0x1e0,
                   map_entries = 0x1e8, map = 0x2d0;
}
constexpr uint32_t magic_hdrs = 0x53726448;  // "HdrS"
constexpr uint16_t oldest = 0x202;           // the first with a command line pointer
constexpr uint8_t loaded_high = 1, unknown_loader = 0xff;
constexpr uint32_t default_initrd_limit = 0x37ffffff;
constexpr uint16_t boot_code = 0x10, boot_data = 0x18;  // selectors that the protocol prescribes

class ZeroPage {
  public:
    explicit ZeroPage(uint8_t* bytes) : bytes_{bytes} {}
    template <typename T>
    void put(uint32_t offset, T value) {
        std::memcpy(bytes_ + offset, &value, sizeof value);
    }
    template <typename T>
    T get(uint32_t offset) const {
        T value;
        std::memcpy(&value, bytes_ + offset, sizeof value);
        return value;
    }
    /// An entry of the E820 memory map: address, size, type.
    void add_memory(uint64_t start, uint64_t size, uint32_t type) {
        auto count = get<uint8_t>(zero::map_entries);
        const uint32_t entry = zero::map + 20u * count;
        put(entry, start);
        put(entry + 8, size);
        put(entry + 16, type);
        put(zero::map_entries, static_cast<uint8_t>(count + 1));
    }

  private:
    uint8_t* bytes_;
};

void place_screen(ZeroPage& page_) {
    page_.put<uint8_t>(zero::cursor_column, 0);
    page_.put<uint8_t>(zero::cursor_row, 0);
    page_.put<uint8_t>(zero::video_mode, 3);
    page_.put<uint8_t>(zero::columns, 80);
    page_.put<uint8_t>(zero::rows, 25);
    page_.put<uint8_t>(zero::is_vga, 1);
    page_.put<uint16_t>(zero::points, 16);
}

void place_memory_map(ZeroPage& page_, uint64_t end) {
    constexpr uint32_t usable = 1, reserved = 2;
    page_.add_memory(0, low_memory_bytes, usable);
    page_.add_memory(low_memory_bytes, 640 * 1024 - low_memory_bytes, reserved);
    page_.add_memory(0xf0000, 0x10000, reserved);
    page_.add_memory(first_mebibyte, end - first_mebibyte, usable);
    page_.put(zero::extended_memory, static_cast<uint32_t>((end - first_mebibyte) / 1024));
}

/// As high as kernel and memory let it, on a page.
void place_initrd(const std::string& path, uint64_t kernel_end, ZeroPage& page_,
                  bus::AddressSpace& memory, uint64_t end) {
    if (path.empty()) return;
    const GuestImage initrd{path};
    uint64_t limit = uint64_t{page_.get<uint32_t>(at::initrd_limit)} + 1;
    if (page_.get<uint16_t>(at::version) < 0x203) limit = uint64_t{default_initrd_limit} + 1;
    const uint64_t top = std::min(end, limit);
    const uint64_t start = initrd.place_below(top, kernel_end);
    std::memcpy(initrd.memory(memory, start, initrd.size()), initrd.part(0, initrd.size()),
                initrd.size());
    page_.put(at::ramdisk_image, static_cast<uint32_t>(start));
    page_.put(at::ramdisk_size, static_cast<uint32_t>(initrd.size()));
}

void place_command_line(const GuestImage& image, const std::string& text, ZeroPage& page_,
                        bus::AddressSpace& memory) {
    const uint16_t version = page_.get<uint16_t>(at::version);
    const uint32_t longest = version >= 0x206 ? page_.get<uint32_t>(at::command_line_size) : 255;
    if (text.size() > longest)
        throw Error(fmt::format("the command line has {} characters; this kernel takes {}",
                                text.size(), longest));
    std::memcpy(image.memory(memory, command_line_at, text.size() + 1), text.c_str(),
                text.size() + 1);
    page_.put(at::command_line, command_line_at);
}

/// Flat code and data at the selectors that the kernel expects.
void place_descriptors(const GuestImage& image, bus::AddressSpace& memory) {
    const uint64_t table[] = {0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff};
    std::memcpy(image.memory(memory, descriptor_table, sizeof table), table, sizeof table);
}

}  // namespace

bool is_linux(const GuestImage& image) {
    return image.size() >= at::least_size && image.at<uint32_t>(at::magic) == magic_hdrs;
}

LoadedGuest load_linux(const GuestImage& image, const std::string& command_line,
                       const std::string& initrd, bus::AddressSpace& memory) {
    const auto version = image.at<uint16_t>(at::version);
    if (version < oldest)
        image.refuse(fmt::format("its boot protocol is {}.{:02}; 2.02 is the oldest that is known",
                                 version >> 8, version & 0xff));
    if (!(image.at<uint8_t>(at::load_flags) & loaded_high))
        image.refuse("it is a zImage, which loads below 640 KiB; a bzImage is needed");
    const uint8_t sectors = image.at<uint8_t>(at::setup_sectors);
    const uint64_t kernel = (uint64_t{sectors ? sectors : 4u} + 1) * 512;
    const uint64_t size = image.size() - std::min(image.size(), kernel);
    // syssize counts paragraphs (boot.rst).
    const uint64_t promised = uint64_t{image.at<uint32_t>(at::system_size)} * 16;
    if (size == 0 || size + 15 < promised)
        image.refuse(fmt::format("it is cut off: it has {} of {} bytes of kernel", size, promised));
    std::memcpy(image.memory(memory, first_mebibyte, size), image.part(kernel, size), size);

    uint8_t* bytes = image.memory(memory, zero_page, zero_page_bytes);
    std::memset(bytes, 0, zero_page_bytes);
    // The header ends where its first jump goes to (boot.rst, "32-bit Boot Protocol").
    const uint32_t header_end = at::magic + image.at<uint8_t>(at::jump_length);
    std::memcpy(bytes + at::setup_sectors,
                image.part(at::setup_sectors, header_end - at::setup_sectors),
                header_end - at::setup_sectors);
    ZeroPage page_{bytes};
    page_.put(at::loader_type, unknown_loader);
    const uint64_t end = end_of_memory(memory);
    // From 2.10 on the kernel says how much memory it needs until it can read the map itself.
    const uint64_t needed = version >= 0x20a ? image.at<uint32_t>(at::init_size) : 0;
    const uint64_t kernel_end = first_mebibyte + std::max(size, needed);
    place_screen(page_);
    place_memory_map(page_, end);
    place_initrd(initrd, kernel_end, page_, memory, end);
    place_command_line(image, command_line, page_, memory);
    place_descriptors(image, memory);

    LoadedGuest guest;
    guest.entry = static_cast<uint32_t>(first_mebibyte);
    guest.esi = zero_page;
    guest.code_selector = boot_code;
    guest.data_selector = boot_data;
    guest.descriptor_table = descriptor_table;
    guest.descriptor_limit = 4 * 8 - 1;
    return guest;
}

}  // namespace sb::machine
