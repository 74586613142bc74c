// SPDX-License-Identifier: Apache-2.0
#include "devices/ide/task_file.h"

namespace sb::devices {

using bus::ro;
using bus::wo;

Parameter::Parameter(RegisterBank& bank, const char* name, const char* previous_name,
                     uint32_t offset, uint8_t reset, const char* doc, Rules rules)
    : rules_{std::move(rules)},
      previous_{bank,
                {.name = previous_name,
                 .offset = offset,
                 .bits = 8,
                 .access = ro,
                 .doc = std::string{doc} + ", as written before that"},
                {.when = rules_.previous_shown}},
      recent_{bank,
              {.name = name, .offset = offset, .bits = 8, .reset = reset, .doc = doc},
              {.write =
                   [this](uint64_t written) {
                       if (!rules_.written_allowed()) {
                           recent_.set(latched_.get());
                           return;
                       }
                       previous_.set(latched_.get());
                       latched_ = static_cast<uint8_t>(written);
                   }}},
      latched_{bank.owner(), std::string{name} + ".latched", reset} {}

void Parameter::set(unsigned recent, unsigned previous) {
    recent_.set(recent);
    previous_.set(previous);
    latched_ = static_cast<uint8_t>(recent);
}

Parameter::Rules TaskFile::rules(const Hooks& hooks) {
    return {.previous_shown = [this] { return high_order != 0; },
            .written_allowed =
                [this, locked = hooks.parameters_locked] {
                    high_order = 0;
                    return !locked();
                }};
}

TaskFile::TaskFile(bus::Device& owner, const Hooks& hooks)
    : data_bank{owner, {.name = "data", .size = 2}},
      command_bank{owner, {.name = "command-block", .size = 8}},
      control_bank{owner, {.name = "control-block", .size = 1}},
      data{data_bank,
           {.name = "DATA",
            .offset = 0,
            .bits = 16,
            .doc = "the sector buffer, word by word",
            .effect = "each access moves one word",
            .fifo = true},
           {.read = hooks.read_data, .write = hooks.write_data}},
      error{command_bank,
            {.name = "ERROR",
             .offset = 1,
             .bits = 8,
             .access = ro,
             .reset = 0x01,
             .doc = "why the command failed; the diagnostic code after a reset"}},
      features{command_bank,
               {.name = "FEATURES",
                .offset = 1,
                .bits = 8,
                .access = wo,
                .doc = "a command's subcommand"},
               {.write = [this](uint64_t) { high_order = 0; }}},
      count{command_bank,
            "SECTOR_COUNT",
            "SECTOR_COUNT_PREVIOUS",
            2,
            1,
            "how many sectors, 0 = 256 (48-bit: 65536)",
            rules(hooks)},
      lba_low{command_bank,
              "LBA_LOW",
              "LBA_LOW_PREVIOUS",
              3,
              1,
              "address bits 7 to 0 (CHS: the sector)",
              rules(hooks)},
      lba_mid{command_bank,
              "LBA_MID",
              "LBA_MID_PREVIOUS",
              4,
              0,
              "address bits 15 to 8 (CHS: cylinder 7 to 0)",
              rules(hooks)},
      lba_high{command_bank,
               "LBA_HIGH",
               "LBA_HIGH_PREVIOUS",
               5,
               0,
               "address bits 23 to 16 (CHS: cylinder 15 to 8)",
               rules(hooks)},
      device{command_bank,
             {.name = "DEVICE", .offset = 6, .bits = 8, .doc = "device select and addressing"},
             {.write =
                  [this, hook = hooks.device_written](uint64_t) {
                      high_order = 0;
                      hook();
                  }}},
      status{command_bank,
             {.name = "STATUS",
              .offset = 7,
              .bits = 8,
              .access = ro,
              .reset = 0x50,
              .doc = "the device's state",
              .effect = "reading clears the pending interrupt"},
             {.read = hooks.read_status}},
      command{command_bank,
              {.name = "COMMAND", .offset = 7, .bits = 8, .access = wo, .doc = "starts a command"},
              {.write =
                   [this, hook = hooks.command_written](uint64_t written) {
                       high_order = 0;
                       hook(written);
                   }}},
      alternate_status{control_bank,
                       {.name = "ALTERNATE_STATUS",
                        .offset = 0,
                        .bits = 8,
                        .access = ro,
                        .reset = 0x50,
                        .doc = "STATUS without its side effect"},
                       {.read = hooks.read_alternate_status}},
      control{control_bank,
              {.name = "DEVICE_CONTROL",
               .offset = 0,
               .bits = 8,
               .access = wo,
               .doc = "interrupt enable, software reset, HOB"},
              {.write = [hook = hooks.control_written](uint64_t) { hook(); }}} {}

void TaskFile::signature() {
    count.reset();
    lba_low.reset();
    lba_mid.reset();
    lba_high.reset();
    device.set(device.spec().reset);
}

}  // namespace sb::devices
