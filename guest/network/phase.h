// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_PHASE_H
#define GUEST_NETWORK_PHASE_H

// Whose cycles these are. PhaseScope (runtime/probe.h) for code that an interrupt may cut off
// anywhere, several times for each packet: the phase before is remembered here and not read from
// the simulator. A handler leaves the phase as it found it, so phases nest across interrupts.

#include <cstdint>

#include "runtime/probe.h"

namespace guest {

enum class Phase : uint8_t {
    kSetup,
    kProgram,  // The program's own loop, between everything else.
    kTopHalf,
    kBottomHalf,
    kProtocol,
    kApplication,
    kIdle,
    kCount
};

class Phases {
  public:
    // Asks for the names' numbers, once, and enters kSetup.
    static void open() {
        constexpr const char* kNames[] = {"set-up",   "program",     "top half", "bottom half",
                                          "protocol", "application", "idle"};
        for (uint32_t i = 0; i < kCount; ++i) numbers_[i] = phase_number(kNames[i]);
        enter(Phase::kSetup);
    }

    static Phase current() { return current_; }

    static void enter(Phase phase) {
        current_ = phase;
        enter_phase(numbers_[static_cast<uint8_t>(phase)]);
    }

    // For as long as it lives.
    class Scope {
      public:
        explicit Scope(Phase phase) : before_(current()) { enter(phase); }
        ~Scope() { enter(before_); }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

      private:
        Phase before_;
    };

  private:
    static constexpr uint32_t kCount = static_cast<uint32_t>(Phase::kCount);
    static inline constinit volatile Phase current_ = Phase::kSetup;
    static inline constinit uint32_t numbers_[kCount] = {};
};

}  // namespace guest

#endif
