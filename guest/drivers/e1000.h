// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_E1000_H
#define GUEST_DRIVERS_E1000_H

// A gigabit Ethernet controller that is its own bus master: Intel's 82540EM, after the PCI/PCI-X
// Family of Gigabit Ethernet Controllers Software Developer's Manual (order 317453), called "the
// manual" here.
//
// Controller and driver share two rings of descriptors in memory. Each descriptor names a buffer; a
// register says how far the driver has prepared the ring ("tail"), and a bit of the descriptor that
// the controller is done with it. So a packet costs one register write when it is sent, less than
// one when it is received, and no register read at all.

#include <span>

#include "drivers/network_device.h"
#include "runtime/pci.h"

namespace guest {

class E1000 final : public NetworkDevice {
  public:
    // Numbers of descriptors: powers of two from 8 to 4096.
    struct Rings {
        uint32_t receive = 256;
        uint32_t transmit = 256;
    };

    // Whether the machine has so many of them, and one more.
    static bool is_there(uint32_t number);

    // The controller of this number, from 0 on.
    explicit E1000(uint32_t number, Rings rings = {256, 256}) : number_(number), rings_(rings) {}

    NetworkError open(PacketPool& pool) override;
    const char* name() const override { return "e1000"; }
    uint32_t poll(uint32_t budget, PacketHandler& handler) override;
    bool has_received() override;
    bool transmit(Packet& packet) override;
    uint32_t reclaim(uint32_t budget) override;
    uint32_t in_transmission() const override;
    bool attach(InterruptBy way, InterruptHandler handler, void* context) override;
    void enable_interrupts(uint8_t causes) override;
    void disable_interrupts() override;
    uint8_t acknowledge() override;
    bool set_moderation(const Moderation& moderation) override;
    const NetworkStatistics& statistics() override;
    void print_state() const override;

  private:
    enum class Register : uint32_t;
    uint32_t read(Register reg) const;
    void write(Register reg, uint32_t value) const;

    // Section 3.2.3.
    struct ReceiveDescriptor {
        uint32_t address = 0;
        uint32_t address_high = 0;
        uint16_t bytes = 0;
        uint16_t checksum = 0;
        volatile uint8_t status = 0;
        uint8_t errors = 0;
        uint16_t special = 0;
    };
    static_assert(sizeof(ReceiveDescriptor) == 16);

    // Section 3.3.3: the legacy one.
    struct TransmitDescriptor {
        uint32_t address = 0;
        uint32_t address_high = 0;
        uint16_t bytes = 0;
        uint8_t checksum_offset = 0;
        uint8_t command = 0;
        volatile uint8_t status = 0;
        uint8_t checksum_start = 0;
        uint16_t special = 0;
    };
    static_assert(sizeof(TransmitDescriptor) == 16);

    NetworkError reset();
    NetworkError read_mac();
    NetworkError read_eeprom(uint8_t address, uint16_t& word);
    NetworkError open_receiver();
    void open_transmitter();
    NetworkError wait_for_link();

    Packet* take(ReceiveDescriptor& descriptor, Packet*& slot);
    void return_descriptors();

    uint32_t number_;
    Rings rings_;
    pci::Function function_ = {};
    uint32_t registers_ = 0;  // Their address.

    // Whose packets are which descriptors'. Indices are always within their rings.
    std::span<ReceiveDescriptor> receive_ring_;
    std::span<Packet*> receive_packets_;
    uint32_t receive_next_ = 0;  // The next one that the controller fills.
    uint32_t returned_at_once_ = 1;
    uint32_t not_returned_ = 0;  // Prepared before it, and not told to the controller yet.
    std::span<TransmitDescriptor> transmit_ring_;
    std::span<Packet*> transmit_packets_;
    uint32_t transmit_head_ = 0;  // The oldest one that has not been reclaimed.
    uint32_t transmit_tail_ = 0;  // The next one to use.
    uint8_t transmit_command_ = 0;
};

}  // namespace guest

#endif
