// SPDX-License-Identifier: Apache-2.0
//
// What happens to packets on a test's board: every stage of every packet, in order, and a station
// that records what it gets and sends what a test wants.
#pragma once

#include <string>
#include <vector>

#include "bus/ethernet.h"
#include "tests/support/test_board.h"

namespace sb::test {

class PacketLog : public observe::Sink {
  public:
    struct Item {
        Time at;
        std::string source;
        uint32_t packet;
        observe::Stage stage;
        uint64_t bytes;
        std::string place;
    };
    explicit PacketLog(observe::Stream& stream) {
        observe::KindSet wanted;
        wanted.set(static_cast<size_t>(observe::Kind::packet));
        stream.attach(*this, wanted);
    }
    void event(const observe::Stream& stream, const observe::Event& event) override {
        items.push_back({event.at, stream.source_name(event.source),
                         static_cast<uint32_t>(event.values[0]),
                         static_cast<observe::Stage>(event.values[1]), event.values[2],
                         stream.name(event.values[3])});
    }
    /// Those that reached a stage.
    std::vector<Item> at(observe::Stage stage, const std::string& place = "*") const {
        std::vector<Item> found;
        for (const Item& item : items)
            if (item.stage == stage && (place == "*" || item.place == place)) found.push_back(item);
        return found;
    }
    size_t count(observe::Stage stage, const std::string& place = "*") const {
        return at(stage, place).size();
    }
    std::vector<Item> items;
};

/// Plugs itself into the wire that it is made with.
class TestStation : public bus::Station {
  public:
    TestStation(TestBoard& board, const std::string& name, const std::string& wire,
                std::vector<uint64_t> rates = {})
        : board_{board},
          config_{plugged_into(wire)},
          context_{board.board, name, config_},
          device{context_},
          plug{device, context_, *this, std::move(rates)} {}

    void frame_arrived(const bus::Frame& frame) override { got.emplace_back(device.now(), frame); }
    void link_changed() override { ++link_changes; }
    /// Sends at the script's time.
    void send(Script& io, std::vector<uint8_t> bytes) {
        Simulation::LocalTime local{board_.sim, io.time() - board_.sim.kernel_now()};
        plug.transmit({std::move(bytes)});
    }

  private:
    static Config plugged_into(const std::string& wire) {
        Config config;
        config.set("wire", wire);
        return config;
    }
    TestBoard& board_;
    Config config_;
    bus::DeviceContext context_;

  public:
    bus::Device device;
    bus::EthernetPlug plug;
    std::vector<std::pair<Time, bus::Frame>> got;
    unsigned link_changes = 0;
};

/// The value of a device's counter.
inline uint64_t counter(const bus::Device& device, const std::string& name) {
    for (const Counter* counter : device.counters())
        if (name == counter->name()) return counter->value();
    throw std::runtime_error("no counter " + name);
}

}  // namespace sb::test
