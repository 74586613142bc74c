// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/console.h"

#include <fmt/format.h>

namespace sb::machine {
namespace {

constexpr size_t longest_text = 1u << 20;
constexpr Time look_interval = Time::ms(10);

}  // namespace

Console::Console(Simulation& sim, const std::string& until)
    : Component{sim, "console"}, until_{until} {
    declare_state("text", [this](Archive& a) {
        std::vector<uint8_t> bytes(text_.begin(), text_.end());
        a.blob("text", bytes, longest_text);
        text_.assign(bytes.begin(), bytes.end());
    });
}

void Console::watch(const std::string& device, observe::TextOutput& output) {
    matches_.push_back(std::make_unique<observe::TextMatch>(until_));
    output.listen([this, device, match = matches_.back().get()](uint8_t c) {
        if (text_.size() < longest_text) text_.push_back(static_cast<char>(c));
        if (match->feed(c)) seen(device);
    });
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
    simulation().finish(
        {Outcome::Kind::text_seen, 0, fmt::format("\"{}\" appeared on {}", until_, where)});
}

}  // namespace sb::machine
