// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_NETWORK_DEVICE_H
#define GUEST_DRIVERS_NETWORK_DEVICE_H

// What every network controller's driver offers, however it moves the packets.
//
// A driver knows the controller and nothing else: when it is looked at, and who looks, is up to a
// service (network/service.h). So nothing here is done behind the caller's back: `poll()` receives,
// `reclaim()` takes back what has been sent, and an interrupt handler is the service's.
//
// Calls do not lock. A service that makes them from both a handler and a program turns interrupts
// off around the program's.

#include <cstdint>

#include "boot/idt.h"
#include "network/ethernet.h"
#include "network/packet.h"

namespace guest {

enum class NetworkError : uint8_t {
    kNone,
    kNoDevice,      // Nothing answers.
    kNotSupported,  // The firmware has given it no address, or it cannot do this.
    kTimeout,       // It did not get ready.
    kBadEeprom,     // What holds its address is damaged.
    kNoBuffers,     // The pool cannot fill its ring.
    kNoLink,        // Nothing at the other end.
};

constexpr const char* error_name(NetworkError error) {
    constexpr const char* kNames[] = {"no error",   "no such device",  "not supported", "time-out",
                                      "bad EEPROM", "too few buffers", "no link"};
    return kNames[static_cast<uint8_t>(error)];
}

// Who gets the packets.
class PacketHandler {
  public:
    // The packet is the handler's from now on. It begins with its Ethernet header, unless the
    // handler says otherwise.
    virtual void handle(Packet& packet) = 0;
};

// Why a controller interrupts.
namespace cause {
inline constexpr uint8_t kReceive = 1 << 0;
inline constexpr uint8_t kTransmit = 1 << 1;
inline constexpr uint8_t kOverrun = 1 << 2;  // Packets were lost for want of room.
inline constexpr uint8_t kLink = 1 << 3;
inline constexpr uint8_t kAll = kReceive | kTransmit | kOverrun | kLink;
}  // namespace cause

// How a controller holds its interrupts back, in the units of the 8254x. 0 is off.
struct Moderation {
    uint16_t itr = 0;   // The least gap between interrupts, 256 ns each.
    uint16_t rdtr = 0;  // The rest of the delays are 1.024 us each: after a packet was received,
    uint16_t radv = 0;  // after the first of several,
    uint16_t tidv = 0;  // after one was sent,
    uint16_t tadv = 0;  // after the first of several.
    bool operator==(const Moderation&) const = default;
};

struct NetworkStatistics {
    uint32_t received;  // Packets taken from the controller, and their bytes.
    uint64_t received_bytes;
    uint32_t transmitted;  // Packets given to the controller, and their bytes.
    uint64_t transmitted_bytes;
    uint32_t missed;    // Those that the controller had no room for.
    uint32_t damaged;   // Those that it received with an error.
    uint32_t overruns;  // How often it ran out of room.
};

class NetworkDevice {
  public:
    // Resets the controller, reads its address, fills its ring, and turns it on, with interrupts
    // disabled. Called once, with interrupts off.
    virtual NetworkError open(PacketPool& pool) = 0;

    const MacAddress& mac() const { return mac_; }
    virtual const char* name() const = 0;

    // Takes up to `budget` packets that have arrived, in their order, and hands them on; says how
    // many they were. Less than the budget: there are no more.
    virtual uint32_t poll(uint32_t budget, PacketHandler& handler) = 0;

    // Whether there are any.
    virtual bool has_received() = 0;

    // Sends a packet that has its Ethernet header. False if there is no room: the packet stays the
    // caller's. Otherwise it goes back to its pool once it has been sent and reclaimed.
    virtual bool transmit(Packet& packet) = 0;

    // Takes back up to `budget` packets that have been sent; says how many they were.
    virtual uint32_t reclaim(uint32_t budget) = 0;

    // How many have not been taken back yet.
    virtual uint32_t in_transmission() const = 0;

    // Who is called at an interrupt, with the controller's line shared or not. False where it has
    // none, or where the machine cannot do it in this way.
    enum class InterruptBy : uint8_t { kLine, kMessage };
    virtual bool attach(InterruptBy way, InterruptHandler handler, void* context) = 0;

    // Of the causes given: cause::kReceive goes with kOverrun.
    virtual void enable_interrupts(uint8_t causes = cause::kAll) = 0;
    virtual void disable_interrupts() = 0;

    // Says why the controller interrupts, and takes the request back: what happens from now on
    // interrupts anew. 0: it was not this controller. The first thing that a handler does.
    virtual uint8_t acknowledge() = 0;

    // False where the controller cannot.
    virtual bool set_moderation(const Moderation& moderation) = 0;

    // Work to do for each packet taken, besides what there is to do anyway (network/work.h).
    void set_work(uint32_t loops) { work_ = loops; }

    // Where true, packets are copied out of the buffers that the controller has filled, and those
    // stay in its ring; else the buffers themselves are handed on, and others take their place.
    void set_copying(bool copying) { copying_ = copying; }

    // What packets say that they came by.
    void set_interface(Interface& interface) { interface_ = &interface; }

    // What the driver has counted.
    const NetworkStatistics& counted() const { return statistics_; }

    // Likewise, with what the controller has counted up to now: that takes reads of registers.
    virtual const NetworkStatistics& statistics() = 0;
    virtual void print_state() const = 0;

  protected:
    MacAddress mac_ = {};
    NetworkStatistics statistics_ = {};
    PacketPool* pool_ = nullptr;
    Interface* interface_ = nullptr;
    uint32_t work_ = 0;
    bool copying_ = false;
};

}  // namespace guest

#endif
