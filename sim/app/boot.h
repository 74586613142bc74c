// SPDX-License-Identifier: Apache-2.0
//
// `southbridge boot`: a machine from a handful of options instead of a scenario file. The options
// become the tables of a scenario, so that whatever a scenario can say, `--set` can too.
#pragma once

#include <string>

#include "sim/app/commands.h"

namespace sb::app {

struct BootOptions {
    std::string image;   // a disk, or a CD-ROM where it holds an ISO 9660 file system
    std::string kernel;  // loaded without firmware
    std::string initrd;
    std::string append;
    std::string network;  // a file that a network card's own firmware loads from a peer
    std::string memory = "64MiB";
    std::string cpu;      // empty: pentium@200MHz, or with `network` p6@200MHz
    std::string bios;     // firmware image; empty: the board's
    std::string serial;   // stdio, file:PATH, pty, none
    std::string display;  // text, none
    std::string until;
    std::string time_limit = "1000000s";
    uint64_t instruction_limit = 0;
    std::string media = "auto";  // what the image is: disk, cdrom, auto
    bool snapshot = false;
    RunOptions run;  // sets, out, lockstep, json
};

int boot(BootOptions options);

}  // namespace sb::app
