// SPDX-License-Identifier: Apache-2.0
#include "devices/e1000/interrupts.h"

namespace sb::devices::e1000 {
namespace {

constexpr uint64_t all_causes = 0x1ffff;

}  // namespace

Interrupts::Interrupts(const Chip& chip)
    : chip_{chip},
      icr_{chip.bank,
           {.name = "ICR",
            .offset = 0x00c0,
            .access = w1c,
            .doc = "interrupt causes",
            .effect = "reading clears all"},
           {.read = [this] { return read_causes(); }, .write = [this](uint64_t) { update(); }}},
      itr_{chip.bank,
           {.name = "ITR", .offset = 0x00c4, .doc = "interrupt throttle"},
           {.write = [this](uint64_t) { interval_written(); }}},
      ics_{chip.bank,
           {.name = "ICS",
            .offset = 0x00c8,
            .access = wo,
            .doc = "interrupt cause set",
            .effect = "sets causes, as ICR has them"},
           {.write = [this](uint64_t v) { cause(v & all_causes); }}},
      ims_{chip.bank,
           {.name = "IMS",
            .offset = 0x00d0,
            .doc = "interrupt mask set, and read",
            .effect = "ones unmask causes"},
           {.read = [this] { return mask_.get(); },
            .write =
                [this](uint64_t v) {
                    mask_ = mask_ | (v & all_causes);
                    update();
                }}},
      imc_{chip.bank,
           {.name = "IMC",
            .offset = 0x00d8,
            .access = wo,
            .doc = "interrupt mask clear",
            .effect = "ones mask causes"},
           {.write =
                [this](uint64_t v) {
                    mask_ = mask_ & ~v;
                    update();
                }}},
      mask_{chip.device, "interrupts.mask"},
      asserted_{chip.device, "interrupts.asserted"},
      throttle_{chip.device, "throttle", [this] { update(); }},
      raised_{chip.device, "interrupts", "interrupts", "assertions of the interrupt output"} {}

void Interrupts::reset() {
    throttle_.cancel();
    mask_ = 0;
    icr_ = 0;
    update();
}

void Interrupts::cause(uint64_t causes) {
    icr_ = icr_ | causes;
    update();
}

uint64_t Interrupts::read_causes() {
    const uint64_t causes = icr_;
    icr_ = 0;
    update();
    return causes;
}

void Interrupts::interval_written() {
    if (interval_ == 0) throttle_.cancel();
    update();
}

void Interrupts::update() {
    const bool wanted = (icr_ & mask_) != 0;
    if (wanted == asserted_) return;
    if (wanted && throttle_.armed()) return;
    asserted_ = wanted;
    if (wanted) assert_output();
    chip_.function.interrupt(wanted);
}

void Interrupts::assert_output() {
    ++raised_;
    if (interval_ != 0) throttle_.arm_after(throttle_unit * interval_);
    chip_.device.probe().emit(chip_.now(), observe::Kind::packet, 0,
                              static_cast<uint64_t>(observe::Stage::interrupt));
}

}  // namespace sb::devices::e1000
