// SPDX-License-Identifier: Apache-2.0
//
// What the hostile tests of network controllers share: random numbers, frames of any kind, and the
// account of every frame that was given to a controller.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/support/isolated.h"
#include "tests/support/test_board.h"
#include "tests/support/test_wire.h"

namespace sb::test {

/// SOUTHBRIDGE_FUZZ_ACCESSES as in tests/devices/fuzz: one frame for five accesses.
inline uint64_t fuzz_setting(const char* name, uint64_t fallback) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 0) : fallback;
}
inline uint64_t fuzz_frames() { return fuzz_setting("SOUTHBRIDGE_FUZZ_ACCESSES", 200'000) / 5; }
inline uint64_t fuzz_seed() { return fuzz_setting("SOUTHBRIDGE_FUZZ_SEED", 1); }

class Chance {
  public:
    explicit Chance(uint64_t seed) : random_{seed} {}
    uint64_t below(uint64_t n) { return random_() % n; }
    bool one_in(uint64_t n) { return below(n) == 0; }
    uint64_t bits() { return random_(); }
    /// Values that registers and lengths are sensitive to come more often than chance has them.
    uint64_t value() {
        switch (below(5)) {
            case 0:
                return below(256);
            case 1:
                return uint64_t{1} << below(32);
            case 2:
                return below(2) ? 0 : ~uint64_t{0};
            case 3:
                return below(0x10000);
            default:
                return random_();
        }
    }
    /// A frame that may be too short, too long, damaged, tagged, and IP, TCP or UDP with wrong
    /// lengths.
    bus::Frame frame();

  private:
    std::mt19937_64 random_;
};

/// Where each frame has gone, told by the event stream.
class FrameAccount : public observe::Sink {
  public:
    explicit FrameAccount(TestBoard& board) {
        observe::KindSet kinds;
        kinds.set(size_t(observe::Kind::packet));
        board.stream.attach(*this, kinds);
    }
    void event(const observe::Stream& stream, const observe::Event& event) override;

    /// A frame was delivered.
    void given(uint32_t packet);
    /// Delivered, and neither stored nor dropped.
    uint64_t inside() const { return given_ - stored - dropped; }

    uint64_t stored = 0;
    uint64_t dropped = 0;
    uint64_t twice = 0;      // frames that ended more than once
    uint64_t strangers = 0;  // that ended and had not been given
    uint64_t nowhere = 0;    // dropped without saying where
    std::map<std::string, uint64_t> places;
    uint64_t given_ = 0;

  private:
    enum : uint8_t { unknown, under_way, ended };
    void end(uint64_t packet);
    std::vector<uint8_t> state_;
};

/// Kills a child that hangs, so that its parent sees it.
inline void bound_run(unsigned seconds = 600) { ::alarm(seconds); }

}  // namespace sb::test
