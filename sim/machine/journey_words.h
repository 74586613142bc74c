// SPDX-License-Identifier: Apache-2.0
//
// A journey's steps in words: who does what, with the register's documentation and the names of
// the bits that are set. Registers come from the machine's declarations.
#pragma once

#include <map>
#include <string>

#include "bus/registers.h"
#include "sim/machine/journey.h"

namespace sb::machine {

class JourneyWords {
  public:
    explicit JourneyWords(const Machine& machine);

    /// processor, or the name of whoever acted.
    std::string who(const Step& step) const;
    /// What happened, for one step that is not a group.
    std::string what(const Step& step) const;
    /// "14 executing, 8 I/O stall": the causes that took any cycles.
    static std::string causes(const CauseCycles& cycles);
    /// "write STATUS", for a sentence.
    std::string name(const Step& step) const;

    /// The guest's function where the step began, short: without parameters. Empty: not known.
    static std::string function(const Step& step);

  private:
    const bus::Register* find(const observe::Event& event) const;
    std::string value(const bus::Register* reg, uint64_t v) const;
    std::string access(const Step& step) const;
    std::string event(const Step& step) const;
    std::string transfer(const Step& step, const char* noun) const;

    const Machine& machine_;
    std::map<std::pair<std::string, std::string>, const bus::Register*> registers_;
};

/// 1234567 as "1 234 567".
std::string grouped(uint64_t value);
/// Microseconds with all their picoseconds: "1 234.567890".
std::string exact_us(Time time);

}  // namespace sb::machine
