// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_NE2000_H
#define GUEST_DRIVERS_NE2000_H

// An Ethernet controller from which the processor fetches every word itself: Novell's NE2000, a
// DP8390 with 16 KiB of memory of its own that is read and written through one port ("remote DMA").
// After the DP8390D/NS32490D datasheet (National Semiconductor, July 1995), called "the datasheet"
// here.
//
// The controller's memory is pages of 256 bytes: two buffers for packets to be sent, so that one
// can be filled while the other one goes out, and a ring into which it receives.

#include "drivers/network_device.h"

namespace guest {

class Ne2000 final : public NetworkDevice {
  public:
    Ne2000(uint16_t port, uint8_t irq) : port_(port), irq_(irq) {}

    NetworkError open(PacketPool& pool) override;
    const char* name() const override { return "ne2000"; }
    uint32_t poll(uint32_t budget, PacketHandler& handler) override;
    bool has_received() override { return next_page_ != current_page(); }
    bool transmit(Packet& packet) override;
    uint32_t reclaim(uint32_t budget) override;
    uint32_t in_transmission() const override { return loaded_; }
    bool attach(InterruptBy way, InterruptHandler handler, void* context) override;
    void enable_interrupts(uint8_t causes) override;
    void disable_interrupts() override;
    uint8_t acknowledge() override;
    bool set_moderation(const Moderation& moderation) override {
        return moderation == Moderation{};
    }
    const NetworkStatistics& statistics() override;
    void print_state() const override;

  private:
    enum class Register : uint8_t;
    uint8_t read(Register reg) const;
    void write(Register reg, uint8_t value) const;
    void write16(Register low, uint16_t value) const;

    NetworkError reset();
    void read_mac();
    void open_receiver();
    void set_mask(uint8_t mask);
    uint8_t current_page() const;
    void set_next_page(uint8_t page);

    // Remote DMA: an even number of bytes.
    void copy_in(void* to, uint16_t address, uint32_t bytes) const;
    bool copy_out(uint16_t address, const void* from, uint32_t bytes) const;

    Packet* take();
    void start_transmission();
    void stop_after_overflow();
    void restart_after_overflow();

    uint16_t port_;
    uint8_t irq_;
    uint8_t mask_ = 0;  // Of interrupts.

    uint8_t next_page_ = 0;  // Where the next packet to take begins.
    bool overflowed_ = false;
    bool send_again_ = false;  // What was being sent when the ring overflowed.

    uint32_t loaded_ = 0;  // Transmit buffers in use: the first one is being sent.
    uint32_t first_ = 0;   // Which.
    uint16_t bytes_[2] = {};
};

}  // namespace guest

#endif
