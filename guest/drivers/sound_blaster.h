// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_SOUND_BLASTER_H
#define GUEST_DRIVERS_SOUND_BLASTER_H

// A Sound Blaster with a DSP 2.0: 8-bit samples, which the 8237A brings to it or takes from it, one
// for each request (Creative, Sound Blaster Series Hardware Programming Guide, chapters 2 and 3).
//
//     SoundBlaster sound;
//     sound.open();
//     sound.set_rate(22050);
//     sound.play(buffer, bytes);             // returns when the last sample has been played
//
// What does not fit into memory at once, or has no end, goes through a double buffer: while the
// card plays one half, the program fills the other.
//
//     sound.start_stream(SoundBlaster::Direction::kPlay, buffer, bytes, fill_half, context);
//     ...                                    // fill_half() runs for each half, as an interrupt
//     sound.stop_stream();
//
// Needs an interrupt controller to be chosen.

#include <cstdint>
#include <span>

#include "boot/interrupt_frame.h"
#include "drivers/isa_dma.h"
#include "runtime/interrupts.h"

namespace guest {

class SoundBlaster {
  public:
    enum class Direction : uint8_t { kPlay, kRecord };

    // Called for each half that the card is done with.
    using HalfDone = void (*)(std::span<uint8_t> half, void* context);

    explicit SoundBlaster(uint16_t port = 0x220, uint8_t irq = irq::kSoundBlaster,
                          uint8_t dma_channel = 1)
        : port_(port), irq_(irq), channel_(dma_channel) {}

    // Resets the DSP. kNotSupported for one before version 2.0, which has no auto-initialise.
    DmaError open();
    uint8_t major_version() const { return major_version_; }

    // In samples a second, 4000 to 23000. The card's own steps are coarse: returns the rate that it
    // has set, 0 where it took none.
    uint32_t set_rate(uint32_t samples_per_second);

    // How the 8237A keeps the bus.
    void set_mode(IsaDma::Mode mode) { mode_ = mode; }

    // Starts a block, of at most 64 KiB and in memory as IsaDma::allocate_buffer() gives it; wait()
    // returns when it is over.
    DmaError start(Direction direction, const void* buffer, uint32_t bytes);
    DmaError wait();
    bool is_busy() const { return running_; }

    DmaError play(const void* buffer, uint32_t bytes);
    DmaError record(void* buffer, uint32_t bytes);

    // Goes round a buffer of two halves.
    DmaError start_stream(Direction direction, void* buffer, uint32_t bytes, HalfDone half_done,
                          void* context);
    // Plays or records to the end of the half that is under way.
    DmaError stop_stream();

    const IsaDma& channel() const { return channel_; }
    uint32_t interrupts() const { return interrupts_; }

  private:
    bool write(uint8_t value);
    bool read(uint8_t& value);
    bool write_length(uint32_t bytes);
    DmaError reset();
    DmaError begin(Direction direction, const void* buffer, uint32_t bytes, IsaDma::AtEnd at_end);
    DmaError give_up(DmaError error);

    static void on_interrupt(InterruptFrame& frame, void* context);
    void handle_interrupt();

    uint16_t port_;
    uint8_t irq_;
    IsaDma channel_;
    IsaDma::Mode mode_ = IsaDma::Mode::kSingle;
    uint8_t major_version_ = 0;
    uint32_t rate_ = 0;
    uint32_t seconds_ = 0;  // That the block may take.

    // Written by the handler as well, so looked at only with interrupts off.
    volatile bool running_ = false;
    volatile uint32_t interrupts_ = 0;
    bool streaming_ = false;
    volatile bool stopping_ = false;
    uint8_t* half_ = nullptr;  // The one that the card is at.
    uint8_t* other_half_ = nullptr;
    uint32_t half_bytes_ = 0;
    HalfDone half_done_ = nullptr;
    void* context_ = nullptr;
};

}  // namespace guest

#endif
