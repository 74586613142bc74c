// SPDX-License-Identifier: Apache-2.0
//
// A board without a processor: a device under test is plugged in, and a script of accesses runs
// against it at exact simulated times. One board per process (see isolated.h).
//
//     TestBoard board;
//     auto& pit = board.plug<Pit>("pit", {{"port", "0x40"}});
//     board.run([&](Script& io) {
//         io.out8(0x43, 0x34);
//         io.wait(10_us);
//         CHECK(io.in8(0x40) == 12);
//     });
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "bus/device.h"
#include "bus/pci.h"

namespace sb::test {

/// What a script may do. Time passes only in accesses (as long as they take) and in wait().
class Script : public Component {
  public:
    Script(bus::ProcessorPort& port, std::function<void(Script&)> body);

    uint8_t in8(uint16_t port) { return static_cast<uint8_t>(in(port, 1)); }
    uint16_t in16(uint16_t port) { return static_cast<uint16_t>(in(port, 2)); }
    uint32_t in32(uint16_t port) { return static_cast<uint32_t>(in(port, 4)); }
    void out8(uint16_t port, uint8_t v) { out(port, v, 1); }
    void out16(uint16_t port, uint16_t v) { out(port, v, 2); }
    void out32(uint16_t port, uint32_t v) { out(port, v, 4); }
    uint64_t in(uint16_t port, unsigned bytes);
    void out(uint16_t port, uint64_t v, unsigned bytes);
    uint32_t read32(uint64_t address) { return static_cast<uint32_t>(read(address, 4)); }
    void write32(uint64_t address, uint32_t v) { write(address, v, 4); }
    uint64_t read(uint64_t address, unsigned bytes);
    void write(uint64_t address, uint64_t v, unsigned bytes);

    void wait(Time t);
    void wait_until(Time t);
    /// Waits until `done` holds, looking every `step`; false where it does not within `limit`.
    bool wait_for(const std::function<bool()>& done, Time step, Time limit);
    /// The script's local time.
    Time time() const { return simulation().kernel_now() + local_; }

  private:
    uint64_t access(bus::InitiatorSocket& socket, bool write, uint64_t address, uint64_t v,
                    unsigned bytes);
    void thread();

    std::function<void(Script&)> body_;
    bus::InitiatorSocket memory_;
    bus::InitiatorSocket ports_;
    bus::Request request_;
    Resume resume_;
    Time local_;
};

/// Records what a line does.
class LineLog : public bus::LineSink {
  public:
    LineLog(Simulation& sim, bus::Line& line) : sim_{sim} { line.connect(*this, 0); }
    void line_changed(unsigned, bool asserted) override {
        changes.emplace_back(sim_.now(), asserted);
    }
    bool level() const { return !changes.empty() && changes.back().second; }
    std::vector<std::pair<Time, bool>> changes;

  private:
    Simulation& sim_;
};

class TestBoard {
  public:
    explicit TestBoard(bus::SystemBusTiming timing = {});
    ~TestBoard();

    Simulation sim;
    observe::Stream stream;
    bus::AddressSpace memory{sim, "memory", uint64_t{1} << 32};
    bus::AddressSpace ports{sim, "ports", 0x10000};
    bus::SystemBus bus;
    bus::Board board;
    pci::Bus pci{board};
    bus::ProcessorPort processor;

    using Settings = std::map<std::string, std::string>;
    /// Builds a device of the named model with the given settings, and resets it.
    bus::Device& plug(const std::string& model, const std::string& name,
                      const Settings& settings = {});
    /// Maps `size` bytes of plain memory at `start`; returns its bytes.
    uint8_t* add_memory(uint64_t start, uint64_t size);
    /// Runs the script to its end, or until `limit`. Once per process.
    void run(std::function<void(Script&)> body, Time limit = Time::s(1000));

  private:
    class PlainMemory;
    std::vector<std::unique_ptr<PlainMemory>> memories_;
    std::vector<std::unique_ptr<bus::Device>> devices_;
    std::unique_ptr<Script> script_;
};

}  // namespace sb::test
