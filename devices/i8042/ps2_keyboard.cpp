// SPDX-License-Identifier: Apache-2.0
#include "devices/i8042/ps2_keyboard.h"

#include <algorithm>
#include <array>

namespace sb::devices {
namespace {

constexpr uint8_t reply_ack = 0xfa, reply_resend = 0xfe, reply_echo = 0xee, reply_test_ok = 0xaa;
constexpr uint8_t first_command = 0xed;
constexpr uint8_t default_rate = 0x2b;  // 500 ms, 10.9 characters a second
constexpr Time rate_unit = Time::us(4170);

void declare_bytes(bus::Device& owner, const char* name, std::vector<uint8_t>& bytes) {
    owner.declare_state(name, [name, &bytes](Archive& a) { a.blob(name, bytes, 64); });
}

}  // namespace

Ps2Keyboard::Ps2Keyboard(bus::Device& owner, Times times, std::function<void()> ready)
    : owner_{owner},
      times_{times},
      ready_{std::move(ready)},
      layouts_{owner, {.name = "keyboard", .size = 2}},
      rate_{layouts_,
            {.name = "TYPEMATIC",
             .offset = 0,
             .bits = 8,
             .reset = default_rate,
             .doc = "typematic rate and delay, parameter of F3h"}},
      lights_{layouts_,
              {.name = "LIGHTS",
               .offset = 1,
               .bits = 8,
               .doc = "parameter of EDh: 0 scroll, 1 num, 2 caps lock"}},
      scanning_{owner, "keyboard.scanning", true},
      set_{owner, "keyboard.set", 2},
      expecting_{owner, "keyboard.expecting", 0},
      last_sent_{owner, "keyboard.last_sent", 0},
      held_{owner, "keyboard.held", false},
      held_key_{owner, "keyboard.held_key", 0},
      overrun_{owner, "keyboard.overrun", false},
      last_event_{owner, "keyboard.last_event"},
      reply_{owner, "keyboard.reply",
             [this] {
                 replies_ = std::move(delayed_);
                 delayed_.clear();
                 ready_();
             }},
      test_{owner, "keyboard.test",
            [this] {
                replies_.push_back(reply_test_ok);
                ready_();
            }},
      repeat_timer_{owner, "keyboard.repeat", [this] { repeat(); }},
      typing_{owner, "keyboard.typing", [this] { next_event(); }} {
    declare_bytes(owner, "keyboard.replies", replies_);
    declare_bytes(owner, "keyboard.delayed", delayed_);
    declare_bytes(owner, "keyboard.codes", codes_);
    owner.declare_state("keyboard.events", [this](Archive& a) {
        std::vector<uint8_t> bytes(events_.begin(), events_.end());
        a.blob("keyboard.events", bytes, event_limit);
        events_.assign(bytes.begin(), bytes.end());
        // Of a hand-made archive, what is no key is dropped.
        if (events_.size() % 2 != 0) events_.pop_back();
    });
}

void Ps2Keyboard::power_on(bool tested) {
    replies_.clear();
    delayed_.clear();
    reply_.cancel();
    expecting_ = 0;
    lights_ = 0;
    defaults(0);
    test_.cancel();
    if (!tested) test_.arm_after(times_.self_test);
}

// ---- The link

uint8_t Ps2Keyboard::take() {
    std::vector<uint8_t>& from = replies_.empty() ? codes_ : replies_;
    if (from.empty()) return last_sent_;
    last_sent_ = from.front();
    from.erase(from.begin());
    if (codes_.empty()) overrun_ = false;
    schedule_event();
    return last_sent_;
}

void Ps2Keyboard::answer(std::initializer_list<uint8_t> bytes) {
    replies_.clear();
    delayed_.assign(bytes);
    reply_.arm_after(times_.response);
}

const Ps2Keyboard::Command* Ps2Keyboard::find(uint8_t code) {
    using K = Ps2Keyboard;
    static constexpr Command commands[]{
        {0xed, true, &K::set_lights}, {0xee, false, &K::echo},     {0xf0, true, &K::select_set},
        {0xf2, false, &K::identify},  {0xf3, true, &K::set_rate},  {0xf4, false, &K::enable},
        {0xf5, false, &K::disable},   {0xf6, false, &K::defaults}, {0xfe, false, &K::resend},
        {0xff, false, &K::start_test}};
    for (const Command& command : commands)
        if (command.code == code) return &command;
    return nullptr;
}

/// A parameter, or a command: a byte from EDh on where a parameter was awaited is a new command.
void Ps2Keyboard::receive(uint8_t byte) {
    test_.cancel();
    const Command* awaited = find(expecting_);
    expecting_ = 0;
    if (awaited && byte < first_command) {
        answer({reply_ack});
        (this->*awaited->run)(byte);
        return;
    }
    const Command* command = find(byte);
    if (!command) {
        owner_.finding("the keyboard was sent a command that it does not know (answered FEh)");
        return answer({reply_resend});
    }
    answer({reply_ack});
    if (command->parameter)
        expecting_ = byte;
    else
        (this->*command->run)(0);
}

// ---- Commands: the reply is ACK unless they give another

void Ps2Keyboard::set_lights(uint8_t value) { lights_ = value; }
void Ps2Keyboard::echo(uint8_t) { answer({reply_echo}); }

void Ps2Keyboard::select_set(uint8_t set) {
    codes_.clear();
    overrun_ = false;
    if (set == 0) return answer({reply_ack, set_.get()});
    if (set > 2) return answer({reply_resend});
    set_ = set;
}

void Ps2Keyboard::identify(uint8_t) { answer({reply_ack, 0xab, 0x83}); }
void Ps2Keyboard::set_rate(uint8_t value) { rate_ = value; }

void Ps2Keyboard::enable(uint8_t) {
    codes_.clear();
    overrun_ = false;
    held_ = false;
    repeat_timer_.cancel();
    scanning_ = true;
    schedule_event();
}

void Ps2Keyboard::disable(uint8_t) {
    defaults(0);
    scanning_ = false;
    typing_.cancel();
}

void Ps2Keyboard::defaults(uint8_t) {
    rate_ = default_rate;
    set_ = 2;
    enable(0);
}

void Ps2Keyboard::resend(uint8_t) { answer({last_sent_.get()}); }

void Ps2Keyboard::start_test(uint8_t) {
    defaults(0);
    lights_ = 0;
    // The result follows the acknowledgement.
    test_.arm_after(times_.response + times_.self_test);
}

// ---- Keys

bool Ps2Keyboard::event(int key, bool down) {
    if (key < 0 || events_.size() + 2 > event_limit) return false;
    events_.push_back(static_cast<uint8_t>(key));
    events_.push_back(down);
    schedule_event();
    return true;
}

size_t Ps2Keyboard::type(std::string_view text) {
    static const int shift = find_key("left shift"), control = find_key("left control");
    size_t typed = 0;
    for (char c : text) {
        const Stroke stroke = stroke_of(c);
        if (stroke.key < 0) continue;
        const int modifier = stroke.shift ? shift : stroke.control ? control : -1;
        if (modifier >= 0) event(modifier, true);
        typed += event(stroke.key, true);
        event(stroke.key, false);
        if (modifier >= 0) event(modifier, false);
    }
    return typed;
}

void Ps2Keyboard::schedule_event() {
    if (events_.empty() || typing_.armed() || !scanning_ || !codes_.empty() || test_.armed())
        return;
    typing_.arm_at(std::max(owner_.now(), last_event_.get() + times_.type_interval));
}

void Ps2Keyboard::next_event() {
    if (events_.size() < 2 || !scanning_ || !codes_.empty()) return;
    const uint8_t key = events_[0];
    const bool down = events_[1] != 0;
    events_.erase(events_.begin(), events_.begin() + 2);
    last_event_ = owner_.now();
    if (key < key_caps().size()) {
        const KeyCap& cap = key_caps()[key];
        if (down && repeats(cap)) {
            held_ = true;
            held_key_ = key;
            repeat_timer_.arm_after(repeat_delay());
        } else if (!down && held_ && held_key_ == key) {
            held_ = false;
            repeat_timer_.cancel();
        }
        send(scan_codes(cap, down, set_));
    }
    schedule_event();
}

void Ps2Keyboard::repeat() {
    if (!held_ || !scanning_ || held_key_ >= key_caps().size()) return;
    send(scan_codes(key_caps()[held_key_], true, set_));
    // A guest that takes nothing gets one overrun, not a timer for ever.
    if (!overrun_) repeat_timer_.arm_after(repeat_period());
}

Time Ps2Keyboard::repeat_delay() const { return Time::ms(250) * (delay_ + 1); }

Time Ps2Keyboard::repeat_period() const {
    static constexpr std::array<uint64_t, 4> powers{1, 2, 4, 8};
    return rate_unit * ((8 + mantissa_) * powers[exponent_]);
}

/// Into the buffer; what does not fit is lost, and a 17th byte says so.
void Ps2Keyboard::send(const std::vector<uint8_t>& codes) {
    if (codes_.size() + codes.size() <= buffer_bytes)
        codes_.insert(codes_.end(), codes.begin(), codes.end());
    else if (!overrun_) {
        overrun_ = true;
        codes_.push_back(set_ == 1 ? 0xff : 0x00);
    }
    ready_();
}

}  // namespace sb::devices
