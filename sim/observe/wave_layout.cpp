// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/wave_layout.h"

#include <algorithm>
#include <cmath>
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
    bool always = false;
};

bool below(const Declared& signal, const std::string& scope) {
    return signal.scope == scope || signal.scope.starts_with(scope + ".");
}

bool dma_line(const Declared& signal) {
    const std::string& name = signal.name;
    return signal.scope == "lines" && (name.starts_with("drq") || name.starts_with("dack") ||
                                       name == "hrq" || name == "hlda" || name == "tc");
}

const std::vector<Group>& groups() {
    static const std::vector<Group> list{
        {"processor", [](const Declared& s) { return below(s, "cpu"); }, true, true},
        {"DMA lines", dma_line},
        {"interrupt lines", [](const Declared& s) { return s.scope == "lines" && !dma_line(s); }},
        {"interrupts", [](const Declared& s) { return s.scope == "interrupts"; }},
        {"system bus", [](const Declared& s) { return s.scope == "system_bus"; }},
        {"system bus request", [](const Declared& s) { return s.scope == "system_bus.request"; }},
        {"system bus grant", [](const Declared& s) { return s.scope == "system_bus.grant"; }},
        {"PCI", [](const Declared& s) { return s.scope == "pci"; }},
        {"PCI request", [](const Declared& s) { return s.scope == "pci.request"; }},
        {"PCI grant", [](const Declared& s) { return s.scope == "pci.grant"; }},
        {"devices", [](const Declared& s) { return below(s, "devices") && s.name == "action"; }},
        {"registers",
         [](const Declared& s) { return below(s, "devices") && s.name.starts_with("register"); },
         false},
    };
    return list;
}

/// Something else than a clock changes within the window; a group of which this is not so is
/// closed, so that what happens fits on the screen.
bool has_news(const VcdFile& file, const Group& group) {
    return std::any_of(file.signals().begin(), file.signals().end(), [&](const Declared& signal) {
        return group.holds(signal) && signal.active && signal.name != "clock";
    });
}

/// With the name to show: a device's signals are called alike, so theirs has the device in it.
std::string shown(const VcdFile& file, const Declared& signal) {
    const std::string range =
        signal.width > 1 ? fmt::format("[{}:0]", signal.width - 1) : std::string{};
    const std::string path = file.path_of(signal) + range;
    constexpr std::string_view devices = "devices.";
    if (signal.scope.starts_with(devices))
        return fmt::format("+{{{} {}}} {}", signal.scope.substr(devices.size()), signal.name, path);
    return range.empty() ? path : fmt::format("+{{{}}} {}", signal.name, path);
}

/// GTKWave's zoom is the logarithm of how many time units 200 pixels have, negative.
double zoom(Time span) {
    constexpr double frame = 200;
    const double units = static_cast<double>(std::max<uint64_t>(span.ps(), 1));
    return -std::log2(std::max(1.0, units / wave_pixels * frame));
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
        const unsigned shut = group.always || (group.open && has_news(file, group)) ? 0 : closed;
        std::string lines;
        unsigned format = 0;
        for (const Declared& signal : file.signals()) {
            if (!group.holds(signal)) continue;
            const unsigned flags =
                signal.width > 1 ? right_justified | hexadecimal : right_justified | binary;
            if (flags != format) lines += fmt::format("@{:x}\n", flags | shut);
            format = flags;
            lines += shown(file, signal) + "\n";
        }
        if (lines.empty()) continue;
        text += fmt::format("@{:x}\n-{}\n{}@{:x}\n-{}\n", group_begin | blank | shut, group.title,
                            lines, group_end | blank | shut, group.title);
    }
    return text;
}

}  // namespace sb::observe
