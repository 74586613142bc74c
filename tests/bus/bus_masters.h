// SPDX-License-Identifier: Apache-2.0
//
// Bus masters for tests: one that asks again and again, and one that does as it is told.
#pragma once

#include "tests/support/test_board.h"

namespace sb::test {

/// Writes (or reads) `bytes` at `address`, `times` over, without a pause.
struct Saturator : Component {
    Saturator(TestBoard& board, const std::string& name, bus::MasterSettings settings,
              uint64_t address, uint32_t bytes, bool write = true)
        : Component{board.sim, name},
          address{address},
          bytes{bytes},
          write{write},
          port{*this, board.bus, board.stream, "dma", settings, [this](auto r) {
                   result = r;
                   ended.push_back(now());
                   moved += this->bytes;
                   start();
               }} {}
    void start(int more) {
        times = more;
        start();
    }
    void start() {
        if (times-- > 0) port.request(write, address, bytes);
    }
    uint64_t address;
    uint32_t bytes;
    bool write;
    int times = 0;
    uint64_t moved = 0;
    std::vector<Time> ended;
    bus::MasterPort::Result result{};
    bus::MasterPort port;
};

/// Keeps all events of one kind.
struct Kept : observe::Sink {
    Kept(TestBoard& board, observe::Kind kind) {
        observe::KindSet wanted;
        wanted.set(static_cast<size_t>(kind));
        board.stream.attach(*this, wanted);
    }
    void event(const observe::Stream& stream, const observe::Event& e) override {
        events.push_back(e);
        sources.push_back(stream.source_name(e.source));
    }
    std::vector<observe::Event> events;
    std::vector<std::string> sources;
};

}  // namespace sb::test
