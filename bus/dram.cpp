// SPDX-License-Identifier: Apache-2.0
#include "bus/dram.h"

#include <algorithm>

namespace sb::bus {

const std::vector<DramPart>& dram_parts() {
    static const std::vector<DramPart> parts{
        // Samsung K4E640812E-60 (8M x 8 EDO, 4K refresh): tRAC 60, tCAC 15, tRC 104, tHPC 25 ns;
        // 11 column address bits; 4096 CAS-before-RAS cycles in 64 ms, each of tRC. tRCD is tRAC -
        // tCAC. tRAS and tRP as Mosel-Vitelic V53C806H-60 has them. Eight chips are 64 bits wide.
        {"edo-60", "60 ns EDO, one row of chips: Samsung K4E640812E-60", 1, 2048 * 8, Time::ns(15),
         Time::ns(45), Time::ns(40), Time::ns(60), Time::ns(25), Time::ps(15'625'000),
         Time::ns(104)},
        // Micron 128Mb SDRAM (MT48LC16M8A2), 09005aef8091e66d, table 17, column -75, at CL = 2 and
        // tCK = 10 ns, as PC100 has it: tRCD 20, tRP 20, tRAS 44, tRFC 66 ns; 4096 rows in 64 ms;
        // four banks of 1024 columns. Eight chips are 64 bits wide.
        {"sdram-pc100", "PC100 SDRAM, CL 2, four banks: Micron MT48LC16M8A2-75", 4, 1024 * 8,
         Time::ns(20), Time::ns(20), Time::ns(20), Time::ns(44), Time::ns(10), Time::ps(15'625'000),
         Time::ns(66)},
    };
    return parts;
}

std::vector<std::string> dram_names() {
    std::vector<std::string> names{"none"};
    for (const DramPart& part : dram_parts()) names.emplace_back(part.name);
    return names;
}

Dram::Dram(Component& owner, observe::Stream& stream, const DramPart& part)
    : part_{part},
      probe_{stream, std::string{owner.basename()} + ".dram"},
      hits_{owner, "row_hits", "accesses", "accesses to DRAM that found their row open"},
      misses_{owner, "row_misses", "accesses", "accesses that found their bank closed"},
      conflicts_{owner, "row_conflicts", "accesses", "accesses that found another row open"},
      refreshes_{owner, "refreshes", "refreshes", "refreshes, as far as accesses came after them"} {
    row_.fill(closed);
    const char* names[] = {"hit", "miss", "conflict", "refresh"};
    for (size_t n = 0; n < names_.size(); ++n) names_[n] = stream.intern(names[n]);
    owner.declare_state("dram", [this](Archive& a) {
        Archive::Scope scope{a, "dram"};
        a.value("row", row_);
        a.value("opened", opened_);
        a.value("busy_until", busy_until_);
        a.value("refreshed", refreshed_);
    });
}

/// Does the refreshes that were due before `start`; gives when the banks are free.
Time Dram::refresh(Time start) {
    const uint64_t due = start / part_.refresh_interval;
    if (due == refreshed_) return start;
    refreshes_ += due - refreshed_;
    refreshed_ = due;
    row_.fill(closed);
    const Time began = std::max(part_.refresh_interval * due, busy_until_);
    const Time end = began + part_.refresh_time;
    if (end <= start) return start;
    probe_.emit(start, observe::Kind::dram, names_[static_cast<size_t>(Action::refresh)], 0, 0,
                (end - start).ps());
    return end;
}

/// Opens the row of an address; gives when its first word is there.
Time Dram::open(uint64_t address, Time start) {
    const uint64_t number = address / part_.row_bytes;
    const uint64_t bank = number % part_.banks, row = number / part_.banks;
    Action action = Action::hit;
    Time ready = start;
    if (row_[bank] == row) {
        ++hits_;
    } else {
        if (row_[bank] == closed) {
            action = Action::miss;
            ++misses_;
        } else {
            action = Action::conflict;
            ++conflicts_;
            ready = std::max(ready, opened_[bank] + part_.ras) + part_.precharge;
        }
        row_[bank] = row;
        opened_[bank] = ready;
        ready = ready + part_.ras_to_cas;
    }
    ready = ready + part_.cas;
    probe_.emit(start, observe::Kind::dram, names_[static_cast<size_t>(action)], bank, row,
                (ready - start).ps());
    return ready;
}

Time Dram::longest(uint64_t beats, unsigned width, Time least, Clock clock) const {
    const Time next = std::max(least, clock.cycles(clock.ceil(part_.beat)));
    const Time first = part_.ras + part_.precharge + part_.ras_to_cas + part_.cas;
    const uint64_t rows = beats * width / part_.row_bytes + 2;
    const Time opening = std::max(least, clock.cycles(clock.ceil(first)));
    return clock.cycles(clock.ceil(part_.refresh_time)) + opening * std::min(rows, beats) +
           next * beats;
}

Time Dram::access(uint64_t address, uint64_t beats, unsigned width, Time least, Clock clock,
                  Time start) {
    const Time next = std::max(least, clock.cycles(clock.ceil(part_.beat)));
    Time at = refresh(start);
    uint64_t here = address - address % width;
    Time end = start;
    while (beats > 0) {
        const uint64_t left = part_.row_bytes - here % part_.row_bytes;
        const uint64_t n = std::min<uint64_t>(beats, std::max<uint64_t>(1, left / width));
        const Time first = clock.cycles(clock.ceil(open(here, std::max(at, end)) - end));
        end = end + std::max(first, least) + next * (n - 1);
        here += n * width;
        beats -= n;
    }
    busy_until_ = end;
    return end - start;
}

}  // namespace sb::bus
