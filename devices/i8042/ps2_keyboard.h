// SPDX-License-Identifier: Apache-2.0
//
// The keyboard at the far end of the cable: keys in, bytes out, and the commands that the host
// sends it. Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101- and
// 102-Key)": commands, typematic rate, 16-byte buffer and its overrun code, basic assurance test.
// [From memory, save where the tests name a source.]
//
// What it sends waits in two queues: replies to commands, which go first, and scan codes. The
// controller takes a byte whenever the link is free, and says when its frame has ended.
//
// Typing. Events given through `bus::Keyboard` are queued. The next one happens once the keyboard
// scans, all codes of the one before were taken, and `type_interval` has passed since. So the
// keyboard's own buffer overruns only by typematic repetition.
//
// Left out: scan code set 3 (asking for it is answered with Resend, as by a keyboard that has only
// two), and the shift codes that navigation keys put around themselves under Num Lock.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "bus/device.h"
#include "bus/keyboard.h"
#include "devices/i8042/keys.h"

namespace sb::devices {

class Ps2Keyboard final : public bus::Keyboard {
  public:
    struct Times {
        Time response;  // from the end of a command's frame to the begin of the reply's
        Time self_test;
        Time type_interval;
    };
    /// `ready` is called when there is something to send.
    Ps2Keyboard(bus::Device& owner, Times times, std::function<void()> ready);

    /// Power came on; `tested`: long ago.
    void power_on(bool tested);

    // The controller's side.
    bool has_byte() const { return !replies_.empty() || (!replying() && !codes_.empty()); }
    /// The byte whose frame has ended.
    uint8_t take();
    /// A byte from the host has arrived.
    void receive(uint8_t byte);

    // The typist's side.
    bool press(std::string_view key) override { return event(find_key(key), true); }
    bool release(std::string_view key) override { return event(find_key(key), false); }
    size_t type(std::string_view text) override;
    size_t pending() const override { return events_.size() / 2; }

    uint8_t lights() const { return static_cast<uint8_t>(lights_); }

  private:
    static constexpr size_t buffer_bytes = 16;
    static constexpr size_t event_limit = 65536;  // bytes: two an event

    struct Command {
        uint8_t code;
        bool parameter;
        void (Ps2Keyboard::*run)(uint8_t parameter);
    };
    static const Command* find(uint8_t code);

    bool replying() const { return reply_.armed() || test_.armed(); }
    void answer(std::initializer_list<uint8_t> bytes);
    void set_lights(uint8_t value);
    void echo(uint8_t);
    void select_set(uint8_t set);
    void identify(uint8_t);
    void set_rate(uint8_t value);
    void enable(uint8_t);
    void disable(uint8_t);
    void defaults(uint8_t);
    void resend(uint8_t);
    void start_test(uint8_t);

    bool event(int key, bool down);
    void next_event();
    void schedule_event();
    void send(const std::vector<uint8_t>& codes);
    void repeat();
    Time repeat_delay() const;
    Time repeat_period() const;

    bus::Device& owner_;
    Times times_;
    std::function<void()> ready_;

    bus::RegisterBank layouts_;
    bus::Register rate_;
    bus::Field delay_{rate_, "DELAY", 6, 5, "until the first repetition: (n + 1) * 250 ms"};
    bus::Field exponent_{rate_, "B", 4, 3, "of the period (8 + A) * 2^B * 4.17 ms"};
    bus::Field mantissa_{rate_, "A", 2, 0, "of the period"};
    bus::Register lights_;

    std::vector<uint8_t> replies_;
    std::vector<uint8_t> delayed_;  // replies that the response time holds back
    std::vector<uint8_t> codes_;
    std::deque<uint8_t> events_;  // pairs: key, down
    State<bool> scanning_;
    State<uint8_t> set_;
    State<uint8_t> expecting_;  // the command whose parameter comes next, or 0
    State<uint8_t> last_sent_;
    State<bool> held_;  // a key repeats
    State<uint8_t> held_key_;
    State<bool> overrun_;  // the buffer ends with the overrun code
    State<Time> last_event_;
    Timer reply_;
    Timer test_;
    Timer repeat_timer_;
    Timer typing_;
};

}  // namespace sb::devices
