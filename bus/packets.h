// SPDX-License-Identifier: Apache-2.0
//
// Which packet is where in one machine's memory: how a packet keeps its number on its way through a driver, which
// knows addresses only. A controller says where it has put a packet; the driver asks for the number by that place
// (the probe port PACKET), and later names the number in its marks. Observation only: nothing depends on it but what
// is told about packets.
//
// A place is the physical address of a packet's first byte. A controller whose packets are not in memory uses
// places above `controller_places`: see DP8390's `controller_place`.
#pragma once

#include <unordered_map>

#include "bus/board.h"

namespace sb::bus {

class PacketPlaces {
  public:
    static PacketPlaces& of(Board& board) { return board.shared<PacketPlaces>("packet.places"); }

    static constexpr uint32_t controller_places = 0xfe00'0000;
    /// The place of a packet in a controller's own buffer: its first port, and the page in which the packet begins.
    static constexpr uint32_t controller_place(uint16_t port, uint8_t page) {
        return controller_places | uint32_t{port} << 8 | page;
    }

    /// A controller has stored a received packet there.
    void received(uint64_t place, uint32_t packet) { put(received_, place, packet); }
    /// The packet that was stored there last; 0 where there is none.
    uint32_t received_at(uint64_t place) const {
        auto found = received_.find(place);
        return found == received_.end() ? 0 : found->second;
    }
    /// A driver is about to send that packet from there.
    void to_send(uint64_t place, uint32_t packet) { put(to_send_, place, packet); }
    /// The packet that is sent from there, forgotten with the call; 0 where there is none.
    uint32_t take_to_send(uint64_t place) {
        if (to_send_.empty()) return 0;
        auto found = to_send_.find(place);
        if (found == to_send_.end()) return 0;
        const uint32_t packet = found->second;
        to_send_.erase(found);
        return packet;
    }

  private:
    using Map = std::unordered_map<uint64_t, uint32_t>;
    static constexpr size_t most = 1 << 16;  // a guest can name any address
    static void put(Map& map, uint64_t place, uint32_t packet) {
        if (map.size() >= most) map.clear();
        map[place] = packet;
    }
    Map received_;
    Map to_send_;
};

}  // namespace sb::bus
