// SPDX-License-Identifier: Apache-2.0
//
// Somebody at the machine: waits until a text appears on a console, then types one of their own, at
// the pace of the keyboard or of the serial line. It is no hardware, so it takes no time and has no
// registers. It looks at a serial port (or a debug console) character by character, and at the
// screen a hundred times a second, as an eye does.
//
// In `after` and `text`, \n, \t, \e and \\ stand for enter, tab, escape and a backslash.
#include <fmt/format.h>

#include "bus/character_input.h"
#include "bus/device.h"
#include "bus/keyboard.h"
#include "bus/text_screen.h"
#include "sim/observe/text_match.h"
#include "sim/observe/text_output.h"

namespace sb::devices {
namespace {

constexpr Time look_interval = Time::ms(10);

std::string unescaped(const std::string& text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        const char c = text[++i];
        out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'e' ? '\x1b' : c;
    }
    return out;
}

class Typist final : public bus::Device {
  public:
    explicit Typist(const bus::DeviceContext& context)
        : Device{context},
          match_{unescaped(context.config.text("after"))},
          text_{unescaped(context.config.text("text"))},
          delay_{context.config.duration("delay")} {
        find_hands(context);
        find_eyes(context);
    }

    void reset() override {
        Device::reset();
        // Only the first reset is the power switch: a person does not forget what they typed.
        if (typed_ || type_.armed()) return;
        if (match_.wanted().empty())
            type_.arm_after(delay_);
        else if (screen_)
            look_.arm_after(look_interval);
    }

  private:
    void find_hands(const bus::DeviceContext& context) {
        const std::string& into = context.config.text("into");
        keyboard_ = into == "keyboard" ? context.board.find<bus::Keyboard>("keyboard") : nullptr;
        line_ = context.board.find<bus::CharacterInput>(into + ".input");
        if (!keyboard_ && !line_)
            throw Error(
                fmt::format("{}.into: there is no keyboard and no serial port \"{}\" "
                            "(describe it before the typist)",
                            context.name, into));
    }

    void find_eyes(const bus::DeviceContext& context) {
        const std::string& watch = context.config.text("watch");
        screen_ = context.board.find<bus::TextScreen>(watch);
        auto* output = context.board.find<observe::TextOutput>(watch + ".output");
        if (!screen_ && !output)
            throw Error(
                fmt::format("{}.watch: there is no screen and no serial port \"{}\" "
                            "(describe it before the typist)",
                            context.name, watch));
        if (output)
            output->listen([this](uint8_t c) {
                if (!typed_ && !type_.armed() && match_.feed(c)) type_.arm_after(delay_);
            });
    }

    void look() {
        const bool seen =
            screen_->text_mode() && screen_->text().find(match_.wanted()) != std::string::npos;
        if (seen)
            type_.arm_after(delay_);
        else
            look_.arm_after(look_interval);
    }

    void type() {
        typed_ = true;
        if (keyboard_)
            keyboard_->type(text_);
        else
            for (const char c : text_) line_->receive(static_cast<uint8_t>(c == '\n' ? '\r' : c));
    }

    observe::TextMatch match_;
    const std::string text_;
    const Time delay_;
    bus::Keyboard* keyboard_ = nullptr;
    bus::CharacterInput* line_ = nullptr;
    bus::TextScreen* screen_ = nullptr;
    State<bool> typed_{*this, "typed", false};
    Timer look_{*this, "look", [this] { look(); }};
    Timer type_{*this, "type", [this] { type(); }};
};

}  // namespace

const bus::DeviceModel typist{
    "typist",
    "types a text once another one has appeared on a console",
    "no hardware: somebody at the machine",
    {{"watch", ValueType::text, "screen", "what is watched: screen, or a device with text output"},
     {"after", ValueType::text, "", "the text that is waited for; none: the start of the run"},
     {"text", ValueType::text, "\\n",
      "what is typed: \\n enter, \\t tab, \\e escape, \\\\ backslash"},
     {"into", ValueType::text, "keyboard", "where it is typed: keyboard, or a serial port"},
     {"delay",
      ValueType::duration,
      "100ms",
      "from seeing to typing",
      {},
      0,
      1'000'000'000'000'000}},
    [](const bus::DeviceContext& c) { return std::make_unique<Typist>(c); }};
SOUTHBRIDGE_DEVICE(typist)

}  // namespace sb::devices
