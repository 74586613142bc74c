// SPDX-License-Identifier: Apache-2.0
#include "tests/hostile/network_fuzz.h"

#include <algorithm>

namespace sb::test {

bus::Frame Chance::frame() {
    bus::Frame frame;
    size_t size = 60;
    switch (below(8)) {
        case 0:
            size = below(60);
            break;
        case 1:
            size = 1500 + below(40);
            break;
        case 2:
            size = below(16) ? below(2200) : below(20'000);
            break;
        default:
            size = 60 + below(below(4) ? 200 : 1455);
    }
    frame.bytes.resize(size);
    for (size_t i = 0; i < size; i += 8) {
        const uint64_t v = random_();
        for (size_t k = i; k < std::min(size, i + 8); ++k)
            frame.bytes[k] = static_cast<uint8_t>(v >> 8 * (k - i));
    }
    auto put = [&](size_t at, std::initializer_list<unsigned> bytes) {
        for (unsigned byte : bytes) {
            if (at < size) frame.bytes[at] = static_cast<uint8_t>(byte);
            ++at;
        }
    };
    if (below(2)) put(0, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
    if (below(4) == 0) put(0, {0x01, 0x00, 0x5e});
    size_t at = 12;
    if (below(4) == 0) {
        put(at, {0x81, 0x00});
        at += 4;
    }
    if (below(2)) {
        put(at, {0x08, 0x00, static_cast<unsigned>(below(2) ? 0x45 : below(256)), 0});
        if (below(2)) put(at + 11, {static_cast<unsigned>(below(2) ? 6 : 17)});
    }
    frame.damaged = one_in(8);
    return frame;
}

void FrameAccount::given(uint32_t packet) {
    if (packet >= state_.size()) state_.resize(packet + packet / 2 + 1);
    // Within deliver() a frame may already have come to its end.
    if (state_[packet] == unknown) state_[packet] = under_way;
    ++given_;
}

void FrameAccount::end(uint64_t packet) {
    if (packet >= state_.size()) state_.resize(packet + 1024);
    if (state_[packet] == ended) ++twice;
    state_[packet] = ended;
}

void FrameAccount::event(const observe::Stream& stream, const observe::Event& event) {
    const uint64_t packet = event.values[0];
    // Those that the controller sends have other numbers (bus/ethernet.h).
    if (packet == 0 || packet >> 27 != 0) return;
    switch (static_cast<observe::Stage>(event.values[1])) {
        case observe::Stage::stored:
            ++stored;
            return end(packet);
        case observe::Stage::dropped: {
            ++dropped;
            const std::string& place = stream.name(event.values[3]);
            if (place.empty()) ++nowhere;
            ++places[place];
            return end(packet);
        }
        default:
            return;
    }
}

}  // namespace sb::test
