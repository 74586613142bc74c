// SPDX-License-Identifier: Apache-2.0
#include "devices/e1000/moderation.h"

namespace sb::devices::e1000 {

// ---- Receive

ReceiveModeration::ReceiveModeration(const Chip& chip, Interrupts& interrupts,
                                     std::function<void()> flush)
    : chip_{chip},
      interrupts_{interrupts},
      flush_{std::move(flush)},
      rdtr_{chip.bank,
            {.name = "RDTR",
             .offset = 0x2820,
             .doc = "receive delay timer",
             .effect = "FPD ends it now"},
            {.write = [this](uint64_t v) { delay_written(v); }}},
      radv_{chip.bank,
            {.name = "RADV", .offset = 0x282c, .doc = "receive absolute delay timer"},
            {.write = [this](uint64_t) { absolute_written(); }}},
      rsrpd_{chip.bank, {.name = "RSRPD", .offset = 0x2c00, .doc = "receive small packet detect"}},
      packet_timer_{chip.device, "receive.packet_timer",
                    [this] {
                        absolute_timer_.cancel();
                        ends(interrupts_.receive_timer.mask());
                    }},
      absolute_timer_{chip.device, "receive.absolute_timer",
                      [this] {
                          packet_timer_.cancel();
                          ends(interrupts_.receive_timer.mask());
                      }},
      due_{chip.device, "receive.causes_due"} {}

void ReceiveModeration::stored(uint32_t bytes) {
    if (small_ != 0 && bytes <= small_) {
        stop();
        return ends(interrupts_.small_packet.mask() | interrupts_.receive_timer.mask());
    }
    if (delay_ == 0) {
        stop();
        return ends(interrupts_.receive_timer.mask());
    }
    packet_timer_.arm_after(delay_unit * delay_);
    if (absolute_ != 0 && !absolute_timer_.armed())
        absolute_timer_.arm_after(delay_unit * absolute_);
}

void ReceiveModeration::delay_written(uint64_t written) {
    flush_now_ = 0;
    if (delay_ == 0) absolute_timer_.cancel();
    if (!flush_now_.of(written)) return;
    stop();
    ends(interrupts_.receive_timer.mask());
}

void ReceiveModeration::absolute_written() {
    if (absolute_ == 0) absolute_timer_.cancel();
}

void ReceiveModeration::stop() {
    packet_timer_.cancel();
    absolute_timer_.cancel();
}

void ReceiveModeration::ends(uint64_t causes) {
    due_ = due_ | causes;
    flush_();
}

void ReceiveModeration::flushed() {
    const uint64_t causes = due_;
    due_ = 0;
    if (causes) interrupts_.cause(causes);
}

void ReceiveModeration::reset() {
    stop();
    due_ = 0;
}

// ---- Transmit

TransmitModeration::TransmitModeration(const Chip& chip, Interrupts& interrupts,
                                       std::function<void()> flush)
    : chip_{chip},
      interrupts_{interrupts},
      flush_{std::move(flush)},
      tidv_{chip.bank, {.name = "TIDV", .offset = 0x3820, .doc = "transmit interrupt delay"}},
      tadv_{chip.bank,
            {.name = "TADV", .offset = 0x382c, .doc = "transmit absolute interrupt delay"},
            {.write =
                 [this](uint64_t) {
                     if (absolute_ == 0) absolute_timer_.cancel();
                 }}},
      delay_timer_{chip.device, "transmit.delay_timer",
                   [this] {
                       absolute_timer_.cancel();
                       ends();
                   }},
      absolute_timer_{chip.device, "transmit.absolute_timer",
                      [this] {
                          delay_timer_.cancel();
                          ends();
                      }},
      due_{chip.device, "transmit.cause_due"} {}

void TransmitModeration::written(bool delayed, bool flushed) {
    if (delayed && delay_ == 0)
        chip_.device.finding(
            "an interrupt delay of zero in TIDV is not allowed: it delays nothing");
    if (delayed && delay_ != 0) {
        if (!flushed) start();
        return;
    }
    delay_timer_.cancel();
    absolute_timer_.cancel();
    interrupts_.cause(interrupts_.transmit_written.mask());
}

void TransmitModeration::held_back() {
    if (delay_ != 0) start();
}

void TransmitModeration::start() {
    delay_timer_.arm_after(delay_unit * delay_);
    if (absolute_ != 0 && !absolute_timer_.armed())
        absolute_timer_.arm_after(delay_unit * absolute_);
}

void TransmitModeration::ends() {
    due_ = true;
    flush_();
}

void TransmitModeration::flushed() {
    if (!due_) return;
    due_ = false;
    interrupts_.cause(interrupts_.transmit_written.mask());
}

void TransmitModeration::reset() {
    delay_timer_.cancel();
    absolute_timer_.cancel();
    due_ = false;
}

}  // namespace sb::devices::e1000
