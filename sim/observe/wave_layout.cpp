// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/wave_layout.h"

#include <algorithm>
#include <bit>
#include <functional>

namespace sb::observe {
namespace {

// Flags of a trace in a save file (GTKWave 3.3 User's Guide; analyzer.h names the bits).
constexpr unsigned right_justified = 0x20, hexadecimal = 0x2, binary = 0x8, blank = 0x200;
constexpr unsigned group_begin = 0x800000, group_end = 0x1000000, closed = 0x400000;
constexpr unsigned width_in_pixels = 1400, wave_pixels = 1000, height_in_pixels = 900;

using Declared = VcdFile::Declared;

struct Group {
    const char* title;
    std::function<bool(const Declared&)> holds;
    bool open = true;
};

bool below(const Declared& signal, const std::string& scope) {
    return signal.scope == scope || signal.scope.starts_with(scope + ".");
}

bool dma_line(const Declared& signal) {
    return signal.scope == "lines" &&
           (signal.name.starts_with("drq") || signal.name.starts_with("dack"));
}

const std::vector<Group>& groups() {
    static const std::vector<Group> list{
        {"processor", [](const Declared& s) { return below(s, "cpu"); }},
        {"system bus", [](const Declared& s) { return s.scope == "system_bus"; }},
        {"system bus request", [](const Declared& s) { return s.scope == "system_bus.request"; }},
        {"system bus grant", [](const Declared& s) { return s.scope == "system_bus.grant"; }},
        {"PCI", [](const Declared& s) { return s.scope == "pci"; }},
        {"PCI request", [](const Declared& s) { return s.scope == "pci.request"; }},
        {"PCI grant", [](const Declared& s) { return s.scope == "pci.grant"; }},
        {"DRQ and DACK", dma_line},
        {"interrupt lines",
         [](const Declared& s) { return s.scope == "lines" && !dma_line(s); }},
        {"interrupts", [](const Declared& s) { return s.scope == "interrupts"; }},
        {"devices",
         [](const Declared& s) { return below(s, "devices") && s.name == "action"; }},
        {"registers",
         [](const Declared& s) {
             return below(s, "devices") && s.name.starts_with("register");
         },
         false},
    };
    return list;
}

std::string shown(const VcdFile& file, const Declared& signal) {
    const std::string range =
        signal.width > 1 ? fmt::format("[{}:0]", signal.width - 1) : std::string{};
    return file.path_of(signal) + range;
}

/// GTKWave's zoom is the logarithm of how many time units a pixel has, negative.
double zoom(Time span) {
    const uint64_t per_pixel = std::max<uint64_t>(1, span.ps() / wave_pixels);
    return -static_cast<double>(std::bit_width(per_pixel));
}

}  // namespace

std::string layout_path(const std::string& vcd) {
    const size_t slash = vcd.find_last_of('/') == std::string::npos ? 0 : vcd.find_last_of('/');
    const size_t dot = vcd.find_last_of('.');
    return (dot == std::string::npos || dot <= slash ? vcd : vcd.substr(0, dot)) + ".gtkw";
}

std::string wave_layout(const VcdFile& file, Time end) {
    const Time to = std::min(file.to(), end);
    std::string text = fmt::format(
        "[*]\n[*] southbridge: open with gtkwave {}\n[*]\n[timestart] {}\n[size] {} {}\n"
        "*{:.6f} -1",
        layout_path(file.path()), file.from().ps(), width_in_pixels, height_in_pixels,
        zoom(to - file.from()));
    for (int marker = 0; marker < 26; ++marker) text += " -1";
    text += "\n[sst_width] 0\n[signals_width] 260\n[sst_expanded] 0\n";
    for (const Group& group : groups()) {
        std::string lines;
        unsigned format = 0;
        for (const Declared& signal : file.signals()) {
            if (!group.holds(signal)) continue;
            const unsigned flags = signal.width > 1 ? right_justified | hexadecimal
                                                    : right_justified | binary;
            if (flags != format) lines += fmt::format("@{:x}\n", flags | (group.open ? 0 : closed));
            format = flags;
            lines += shown(file, signal) + "\n";
        }
        if (lines.empty()) continue;
        text += fmt::format("@{:x}\n-{}\n{}@{:x}\n-{}\n",
                            group_begin | blank | (group.open ? 0 : closed), group.title, lines,
                            group_end | blank, group.title);
    }
    return text;
}

}  // namespace sb::observe
