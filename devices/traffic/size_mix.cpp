// SPDX-License-Identifier: Apache-2.0
#include "devices/traffic/size_mix.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

namespace sb::devices {
namespace {

constexpr uint32_t least_frame = 64, most_frame = 1518, most_weight = 1'000'000;

/// Reads a number at the front of `text`, and takes it off; false where there is none from `least`
/// to `most`.
bool take_number(std::string_view& text, uint32_t least, uint32_t most, uint32_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || value < least || value > most) return false;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return true;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

SizeMix::SizeMix(const std::string& text) {
    std::istringstream list{text == "imix" ? "64:7,594:4,1518:1" : text};
    for (std::string item; std::getline(list, item, ',');) {
        std::string_view rest = item;
        while (take(rest, ' ')) {
        }
        uint32_t least = 0, weight = 1;
        bool good = take_number(rest, least_frame, most_frame, least);
        uint32_t most = least;
        if (good && take(rest, '-')) good = take_number(rest, least, most_frame, most);
        if (good && take(rest, ':')) good = take_number(rest, 1, most_weight, weight);
        if (!good || !rest.empty()) parts_.clear();
        if (!good || !rest.empty()) break;
        parts_.push_back({least, most, weight});
        weights_ += weight;
    }
    if (text.ends_with(',')) parts_.clear();
    if (parts_.empty() || parts_.size() > 1000)
        throw Error(
            fmt::format("\"{}\" is not a mix of frame sizes from {} to {} such as \"64\", "
                        "\"64-1518\", \"imix\" or "
                        "\"64:7,594:4,1518:1\"",
                        text, least_frame, most_frame));
}

uint32_t SizeMix::draw(Random& random) const {
    const Part* part = &parts_.front();
    if (parts_.size() > 1)
        for (uint64_t at = random.below(weights_); at >= part->weight; ++part) at -= part->weight;
    if (part->least == part->most) return part->least;
    return part->least + static_cast<uint32_t>(random.below(part->most - part->least + 1));
}

}  // namespace sb::devices
