// SPDX-License-Identifier: Apache-2.0
#include "kernels/apic/shell.h"

#include <string_view>

#include "kernels/apic/disk.h"
#include "kernels/apic/timer.h"
#include "kernels/apic/user_mode.h"
#include "runtime/command_line.h"
#include "runtime/console.h"
#include "runtime/interrupts.h"
#include "runtime/io.h"
#include "runtime/print.h"

namespace guest::shell {
namespace {

// A line being typed. Shows what is typed, since the other side does not.
class LineEditor {
  public:
    explicit LineEditor(CharacterQueue& input) : input_(input) {}

    // The next line, without its end. Valid until the next call.
    std::string_view read() {
        length_ = 0;
        for (;;) {
            const char character = wait_for_character();
            if (character == '\n' || character == '\r') break;
            if (character == '\b' || character == kDelete) {
                erase();
            } else if (character >= ' ' && character < kDelete) {
                append(character);
            }
        }
        write_console("\n");
        return {text_, length_};
    }

  private:
    static constexpr char kDelete = 0x7f;  // What terminals send for the backspace key.

    char wait_for_character() {
        while (input_.empty()) wait_for_interrupt();
        return *input_.take();
    }

    void append(char character) {
        if (length_ == sizeof(text_)) return;
        text_[length_++] = character;
        write_console({&character, 1});
    }

    void erase() {
        if (length_ == 0) return;
        --length_;
        write_console("\b \b");
    }

    CharacterQueue& input_;
    char text_[72];
    size_t length_ = 0;
};

// Takes the next word off the front of a line.
std::string_view take_word(std::string_view& line) {
    while (line.starts_with(' ')) line.remove_prefix(1);
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    return word;
}

bool take_number(std::string_view& line, uint32_t& number) {
    uint64_t wide;
    if (!parse_number(take_word(line), wide) || wide > UINT32_MAX) return false;
    number = static_cast<uint32_t>(wide);
    return true;
}

// What a command says to its caller: whether its arguments made sense.
using Command = bool (*)(std::string_view arguments);

bool show_ticks(std::string_view) {
    print("{} ticks of {} ms\n", timer::ticks(), 1000 / timer::kTicksPerSecond);
    return true;
}

bool show_interrupts(std::string_view) {
    for (uint8_t irq = 0; irq < kIrqs; ++irq) {
        if (irq_count(irq) == 0) continue;
        print("irq {2} on input {2}: {}\n", irq, io_apic_input(irq).pin, irq_count(irq));
    }
    return true;
}

bool read_sector(std::string_view arguments) {
    uint32_t lba;
    if (!take_number(arguments, lba)) return false;
    disk::Sector sector;
    if (!disk::read(lba, sector)) return true;
    constexpr uint32_t kBytesShown = 64;
    constexpr uint32_t kBytesInRow = 16;
    const uint8_t* bytes = reinterpret_cast<const uint8_t*>(&sector);
    for (uint32_t i = 0; i < kBytesShown; ++i) {
        if (i % kBytesInRow == 0) print("{04x}:", i);
        print(" {02x}", bytes[i]);
        if (i % kBytesInRow == kBytesInRow - 1) print("\n");
    }
    return true;
}

bool show_checksum(std::string_view arguments) {
    uint32_t lba, sectors, crc;
    if (!take_number(arguments, lba) || !take_number(arguments, sectors)) return false;
    if (disk::checksum(lba, sectors, crc)) {
        print("{} sector{} from {}: crc {08x}\n", sectors, plural(sectors), lba, crc);
    }
    return true;
}

bool run_user_program(std::string_view) {
    user_mode::run_program();
    return true;
}

bool show_help(std::string_view);

struct Entry {
    std::string_view name;
    std::string_view arguments;
    std::string_view meaning;
    Command command;
};

constexpr Entry kCommands[] = {
    {"help", "", "this list", show_help},
    {"ticks", "", "of the local APIC's timer, so far", show_ticks},
    {"irqs", "", "the interrupts so far, and where they come in", show_interrupts},
    {"read", " LBA", "the first bytes of a sector", read_sector},
    {"crc", " LBA COUNT", "the CRC-32 of some sectors", show_checksum},
    {"user", "", "run a program without privileges", run_user_program},
    {"exit", "", "end the machine", nullptr},
};

bool show_help(std::string_view) {
    for (const Entry& entry : kCommands) {
        print("  {}{}: {}\n", entry.name, entry.arguments, entry.meaning);
    }
    return true;
}

const Entry* find(std::string_view name) {
    for (const Entry& entry : kCommands) {
        if (entry.name == name) return &entry;
    }
    return nullptr;
}

}  // namespace

void run(CharacterQueue& input) {
    LineEditor editor(input);
    for (;;) {
        print("ready> ");
        std::string_view line = editor.read();
        const std::string_view name = take_word(line);
        if (name.empty()) continue;
        const Entry* entry = find(name);
        if (entry == nullptr) {
            print("{}: no such command; try help\n", name);
        } else if (entry->command == nullptr) {
            return;
        } else if (!entry->command(line)) {
            print("usage: {}{}\n", entry->name, entry->arguments);
        }
    }
}

}  // namespace guest::shell
