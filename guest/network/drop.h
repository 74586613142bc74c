// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_DROP_H
#define GUEST_NETWORK_DROP_H

// Every packet that ends other than by being served ends here, with the place where it did. What a
// controller has lost, its driver's statistics tell.

#include <array>
#include <cstdint>

namespace guest {

struct Packet;
class PacketPool;

enum class DropPlace : uint8_t {
    kNoBuffer,       // The pool is empty: the driver keeps the buffer for its ring.
    kDamaged,        // The controller reports an error in it.
    kProtocolQueue,  // Between a top half and its bottom half: BSD's ipintrq, Linux's backlog.
    kUserQueue,      // Between the kernel and a user process: a socket, or screend.
    kOutputQueue,    // Before a controller's transmit ring.
    kMalformed,      // A header that makes no sense, or a length that does not fit.
    kChecksum,
    kFragment,     // Fragments are not put together here.
    kUnknownType,  // Neither ARP nor IPv4; neither ICMP nor UDP.
    kNotForUs,
    kNoPort,   // Nobody listens.
    kExpired,  // Its time to live is over.
    kNoRoute,
    kNoMacAddress,  // Nobody has answered ARP yet.
    kCount,
};

class Drops {
  public:
    // Asks the simulator for the places' numbers, once.
    static void open();

    // Counts it, says so, and gives the packet back.
    static void drop(Packet& packet, DropPlace place, PacketPool& pool);

    // The same for one that stays where it is: its buffer is used again.
    static void count_in_place(const Packet& packet, DropPlace place);

    static uint32_t count(DropPlace place) { return counts_[static_cast<uint8_t>(place)]; }
    static uint32_t total();

    // To the console and as results "dropped_...", those that are not 0.
    static void report();

  private:
    static constexpr uint32_t kPlaces = static_cast<uint32_t>(DropPlace::kCount);
    static std::array<uint32_t, kPlaces> counts_;
    static std::array<uint32_t, kPlaces> places_;
};

}  // namespace guest

#endif
