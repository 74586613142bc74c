// SPDX-License-Identifier: Apache-2.0
#include "sim/app/boot.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "sim/app/terminal.h"
#include "sim/kernel/error.h"

namespace sb::app {
namespace {

/// ECMA-119, 8.1: the volume descriptors begin at sector 16 of 2048 bytes, with "CD001" at byte 1.
bool is_iso(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    std::array<char, 5> mark{};
    in.seekg(16 * 2048 + 1);
    in.read(mark.data(), mark.size());
    return in && std::memcmp(mark.data(), "CD001", mark.size()) == 0;
}

/// "pentium@200MHz", "486" or "@66MHz".
void set_processor(const std::string& cpu, std::vector<std::string>& sets) {
    const size_t at = cpu.find('@');
    if (at > 0) sets.push_back("cpu.model=" + cpu.substr(0, at));
    if (at != std::string::npos) sets.push_back("cpu.clock=" + cpu.substr(at + 1));
}

void set_disks(const BootOptions& options, std::vector<std::string>& sets) {
    if (options.image.empty()) {
        sets.push_back("disk.device=none");
        return;
    }
    if (!std::filesystem::exists(options.image))
        throw Error(fmt::format("{}: this image does not exist; name a disk or CD-ROM image",
                                options.image));
    if (options.media == "cdrom" || (options.media == "auto" && is_iso(options.image))) {
        sets.insert(sets.end(), {"disk.device=none", "cdrom.device=atapi-cdrom",
                                 "cdrom.image=" + options.image});
        return;
    }
    sets.push_back("disk.image=" + options.image);
    if (options.snapshot) sets.push_back("disk.snapshot=true");
}

/// A network card with iPXE in its expansion ROM, and at the other end of its wire a peer that
/// leases it an address and has the file.
void set_network(const BootOptions& options, std::vector<std::string>& sets) {
    if (options.network.empty()) return;
    if (!std::filesystem::is_regular_file(options.network))
        throw Error(fmt::format("--network {}: there is no such file", options.network));
    sets.insert(sets.end(), {"nic.device=intel-8254x", "nic.wire=net",
                             "nic.rom=/usr/lib/ipxe/qemu/pxe-e1000.rom", "net.device=ethernet-wire",
                             "server.device=network-services", "server.wire=net",
                             "server.file=" + options.network});
}

void set_serial(const BootOptions& options, std::vector<std::string>& sets) {
    const std::string& serial = options.serial;
    if (serial == "stdio")
        sets.push_back("serial.output=terminal");
    else if (serial == "pty")
        sets.push_back("serial.output=listener");
    else if (serial == "none" || serial.starts_with("file:"))
        sets.push_back("serial.output=" + serial);
    else
        throw Error(fmt::format("--serial {}: not one of stdio, pty, none, file:PATH", serial));
}

std::vector<std::string> assignments(const BootOptions& options) {
    std::vector<std::string> sets;
    const bool direct = !options.kernel.empty();
    sets.push_back(std::string{"machine.board="} + (direct ? "pc" : "pc-firmware"));
    sets.push_back("memory.size=" + options.memory);
    set_processor(options.cpu, sets);
    set_disks(options, sets);
    set_network(options, sets);
    set_serial(options, sets);
    if (direct) {
        const bool path = options.kernel.find('/') != std::string::npos;
        const bool file = std::filesystem::is_regular_file(options.kernel);
        sets.push_back(std::string{"guest.program="} + (file && !path ? "./" : "") +
                       options.kernel);
        if (!options.initrd.empty()) sets.push_back("guest.initrd=" + options.initrd);
        if (!options.append.empty()) sets.push_back("guest.append=" + options.append);
    }
    if (!options.bios.empty()) sets.push_back("bios.image=" + options.bios);
    if (!options.until.empty()) sets.push_back("run.until=" + options.until);
    sets.push_back("run.time_limit=" + options.time_limit);
    sets.push_back(fmt::format("run.instruction_limit={}", options.instruction_limit));
    sets.insert(sets.end(), options.run.sets.begin(), options.run.sets.end());
    return sets;
}

void check(const BootOptions& options) {
    if (options.image.empty() && options.kernel.empty() && options.network.empty())
        throw Error(
            "boot: name a disk or CD-ROM image, a kernel with --kernel FILE, or what the network "
            "has with --network FILE");
    if (!options.kernel.empty() && !options.network.empty())
        throw Error("boot: --kernel starts without firmware; leave --network out");
    if (options.kernel.empty() && !(options.initrd.empty() && options.append.empty()))
        throw Error("boot: --initrd and --append are for a kernel; add --kernel FILE");
    if (!options.kernel.empty() && !options.bios.empty())
        throw Error("boot: --kernel starts without firmware; leave --bios out, or boot an image");
    // It is built for the i486: its code has BSWAP.
    const std::string model = options.cpu.substr(0, options.cpu.find('@'));
    if (model == "386" && options.kernel.empty() && options.bios.empty())
        throw Error(
            "--cpu 386: Debian's SeaBIOS needs a 486 or later; name another firmware with "
            "--bios FILE, or start without one by --kernel FILE");
    const bool own_rom = std::any_of(options.run.sets.begin(), options.run.sets.end(),
                                     [](const auto& s) { return s.starts_with("nic.rom="); });
    if (!options.network.empty() && !own_rom && !model.empty() && model != "p6" && model != "ideal")
        throw Error(fmt::format("--cpu {}: Debian's iPXE uses FXSAVE, which p6 and ideal have; or "
                                "name another ROM with --set nic.rom=FILE",
                                model));
    if (options.media != "auto" && options.media != "disk" && options.media != "cdrom")
        throw Error(fmt::format("--media {}: not one of auto, disk, cdrom", options.media));
    if (options.display != "text" && options.display != "none")
        throw Error(fmt::format("--display {}: not one of text, none", options.display));
}

}  // namespace

int boot(BootOptions options) {
    const bool serial_here = options.serial == "stdio";
    if (options.serial.empty()) options.serial = "none";
    if (options.cpu.empty())
        options.cpu = options.network.empty() ? "pentium@200MHz" : "p6@200MHz";
    if (options.display.empty()) options.display = serial_here ? "none" : "text";
    check(options);
    const std::string what = !options.kernel.empty()  ? options.kernel
                             : !options.image.empty() ? options.image
                                                      : options.network;
    const std::string title = std::filesystem::path{what}.filename().string();
    const auto scenario = machine::Scenario::parse("", "boot " + title, assignments(options));
    machine::Plan plan = machine::make_plan(scenario);
    plan.title = title;

    Terminal::Options terminal;
    // With --json standard output is one document.
    terminal.draw = options.display == "text" && ::isatty(STDOUT_FILENO) && !options.run.json;
    terminal.to_keyboard = !serial_here;
    terminal.serial = "serial";
    terminal.pseudo_terminal = options.serial == "pty";
    options.run.show_screen = options.display == "text" && !terminal.draw;
    return run(plan, options.run, terminal);
}

}  // namespace sb::app
