// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/console.h"

#include <fmt/format.h>

namespace sb::machine {
namespace {

constexpr size_t longest_text = 1u << 20;
constexpr size_t longest_line = 512;  // on the terminal
constexpr Time look_interval = Time::ms(10);

}  // namespace

Console::Console(Simulation& sim, const std::string& until, const std::string& machine)
    : Component{sim, "console"}, until_{until}, machine_{machine} {
    declare_state("text", [this](Archive& a) {
        std::vector<uint8_t> bytes(text_.begin(), text_.end());
        a.blob("text", bytes, longest_text);
        text_.assign(bytes.begin(), bytes.end());
    });
}

void Console::watch(const std::string& device, observe::TextOutput& output, bool shown) {
    if (shown && !machine_.empty()) {
        lines_.push_back(std::make_unique<std::string>());
        output.listen([this, line = lines_.back().get()](uint8_t c) {
            if (c != '\n') line->push_back(static_cast<char>(c));
            if (c == '\n' || line->size() >= longest_line) show(*line);
        });
    }
    matches_.push_back(std::make_unique<observe::TextMatch>(until_));
    output.listen([this, device, match = matches_.back().get()](uint8_t c) {
        if (text_.size() < longest_text) text_.push_back(static_cast<char>(c));
        if (match->feed(c)) seen(device);
    });
}

void Console::show(std::string& line) {
    fmt::print("{}: {}\n", machine_, line);
    line.clear();
}

void Console::finish() {
    for (auto& line : lines_)
        if (!line->empty()) show(*line);
}

void Console::watch(bus::TextScreen& screen) {
    screen_ = &screen;
    if (!until_.empty()) look_.arm_after(look_interval);
}

void Console::look() {
    if (screen_->text_mode() && screen_->text().find(until_) != std::string::npos)
        seen("screen");
    else
        look_.arm_after(look_interval);
}

void Console::seen(const std::string& where) {
    simulation().finish({Outcome::Kind::text_seen, 0,
                         fmt::format("\"{}\" appeared on {}{}", until_,
                                     machine_.empty() ? "" : machine_ + ".", where)});
}

}  // namespace sb::machine
