// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_ARP_H
#define GUEST_NETWORK_ARP_H

// The hardware addresses of an interface's neighbours (RFC 826).

#include <cstdint>

#include "network/ethernet.h"
#include "network/ipv4.h"

namespace guest {

class Interface;
struct Packet;

class Arp {
  public:
    explicit Arp(Interface& interface) : interface_(interface) {}

    // Nothing where it is not known.
    const MacAddress* find(Ipv4Address neighbour) const {
        const Entry& entry = entries_[neighbour % kEntries];
        return entry.known && entry.address == neighbour ? &entry.mac : nullptr;
    }

    // As if the neighbour had said so. It takes the place of another one whose address is the same
    // modulo kEntries.
    void learn(Ipv4Address neighbour, const MacAddress& mac);

    // Asks who that is, but not more often than every kTicksBetweenQuestions, and keeps the packet,
    // which lacks only its destination, until the answer: the last one for each neighbour. One that
    // another takes the place of is dropped.
    void hold(Packet& packet, Ipv4Address neighbour);

    // Takes an ARP packet, that begins with its Ethernet header.
    void handle(Packet& packet);

  private:
    static constexpr uint32_t kEntries = 32;
    static constexpr uint32_t kTicksBetweenQuestions = 100;  // Of the clock (network/tick.h).
    struct Entry {
        Ipv4Address address;
        MacAddress mac;
        bool known;
        Packet* held;
        uint32_t asked;  // When, for this neighbour.
    };

    void ask(Ipv4Address neighbour);

    Interface& interface_;
    Entry entries_[kEntries] = {};
};

}  // namespace guest

#endif
