// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_APPLICATION_H
#define GUEST_NETWORK_APPLICATION_H

// What packets are for. Each application takes what the stack hands it, at once: where that should
// wait for a user process to run, a UserStage (network/user_stage.h) stands between.

#include <cstdint>
#include <span>

#include "network/interface.h"
#include "network/stack.h"

namespace guest {

class Application : public PacketHandler {
  public:
    // Makes itself known to the stack; `entrance` gets its packets, which is the application itself
    // or what stands before it.
    virtual void open(NetworkStack& stack, PacketHandler& entrance) = 0;

    // Packets that it has been of use to.
    uint32_t served() const { return served_; }

    // What it has found out, to the console and as results.
    virtual void report() const {}

    // Work to do for each packet, besides what there is to do anyway.
    void set_work(uint32_t loops) { work_ = loops; }

  protected:
    volatile uint32_t served_ = 0;
    uint32_t work_ = 0;
};

// Takes datagrams and looks whether any are missing: each has its number, one more than the number
// before, in its first four bytes, or in the stamp of a simulated traffic source.
class UdpSink final : public Application {
  public:
    void open(NetworkStack& stack, PacketHandler& entrance) override;
    void handle(Packet& packet) override;
    void report() const override;

  private:
    uint32_t expected_ = 0;
    uint32_t missing_ = 0;     // Numbers left out, of which some may have come later,
    uint32_t late_ = 0;        // as these did.
    uint32_t unnumbered_ = 0;  // Too short for a number.
};

// Sends datagrams back to where they came from.
class UdpEcho final : public Application {
  public:
    void open(NetworkStack& stack, PacketHandler& entrance) override;
    void handle(Packet& packet) override;
};

// A router: hands packets on to the network that they are for (RFC 1812, section 5.2).
class Forwarder final : public Application {
  public:
    explicit Forwarder(std::span<Interface* const> interfaces) : interfaces_(interfaces) {}

    void open(NetworkStack& stack, PacketHandler& entrance) override;
    void handle(Packet& packet) override;

  private:
    std::span<Interface* const> interfaces_;
};

// Sends a datagram to a neighbour's echo port, and the next one when that comes back.
class PingPong final : public Application {
  public:
    PingPong(Interface& interface, Ipv4Address peer, uint32_t bytes)
        : interface_(interface), peer_(peer), bytes_(bytes < 4 ? 4 : bytes) {}

    void open(NetworkStack& stack, PacketHandler& entrance) override;
    void handle(Packet& packet) override;
    void report() const override;

    // Sends the present one: the first, or one that has not come back. With interrupts off.
    void send();

  private:
    static constexpr uint16_t kPort = 1024;
    Interface& interface_;
    Ipv4Address peer_;
    uint32_t bytes_;
    uint32_t sent_ = 0;
};

}  // namespace guest

#endif
