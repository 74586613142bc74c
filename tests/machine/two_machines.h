// SPDX-License-Identifier: Apache-2.0
//
// For tests of several machines: a wire and a mailbox of the simplest kind, and guests of a few
// instructions that send numbers to each other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/kernel/time.h"

namespace sb::test {

/// The wire's only rate: with 60 bytes a frame takes 72 byte times of 80 ns.
inline constexpr uint64_t mailbox_rate = 100'000'000;
inline constexpr Time mailbox_frame_time = Time::ns(72 * 80);

/// Guests by name, each as a file that is there as long as this is:
/// ping     sends 1, waits for the answer, adds 1, and so on; ends after `rounds` answers, with
///          success where the last one is 2 * rounds
/// pong     answers each number with the next one, for ever
/// once     answers one number, and ends with success
/// fails    ends with value 1 when a number comes
/// halts    halts with interrupts disabled when a number comes
/// sleeps   halts for good before any comes, with interrupts enabled
/// counts   adds up in a loop without any access, 1000 times, and ends with success
class MailboxGuests {
  public:
    explicit MailboxGuests(uint32_t rounds);
    ~MailboxGuests();
    MailboxGuests(const MailboxGuests&) = delete;
    std::string path(const std::string& name) const;

  private:
    void write(const std::string& name, const std::vector<uint8_t>& code);
    std::vector<std::string> names_;
};

}  // namespace sb::test
