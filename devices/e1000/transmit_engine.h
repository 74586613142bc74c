// SPDX-License-Identifier: Apache-2.0
//
// The transmitter's front half: from the descriptors of the transmit ring to whole frames in the
// packet buffer. Sources: the manual, 3.3 to 3.6, 13.4.32 to 13.4.45. The back half, onto the wire,
// is transmitter.h.
//
// Descriptors: legacy, context (DTYP 0) and data (DTYP 1). Two contexts are kept, one for checksums
// and one for segmentation: TUCMD.TSE says which one a context descriptor sets.
//
// Data of a descriptor is read in one burst, and only when all of it fits into the packet buffer;
// with segmentation, in pieces that end where a frame does. A frame is complete with the last byte
// of its last descriptor (EOP); only then is it handed on, so the transmitter never runs empty in
// the middle of a frame (13.4.33: store and forward). A descriptor is done when its data is in the
// packet buffer: RS asks for a status write-back then. RPS, which the 82544 has and the 82540EM
// reserves, is honoured: the write-back waits until the frame is on the wire.
//
// Findings, where the manual forbids or leaves undefined: a descriptor type other than 0 and 1; a
// frame longer than 16288 bytes, or that can never fit into the packet buffer (it is not sent); MSS
// or HDRLEN of zero, with which no segmentation is possible (the frame is sent as it is); a read
// that fails, or no data at all (no frame is sent). A packet that has a number and is not sent ends
// at the place "nic not sent".
#pragma once

#include "bus/packets.h"
#include "devices/e1000/descriptor_ring.h"
#include "devices/e1000/moderation.h"
#include "devices/e1000/offload.h"
#include "devices/e1000/transmitter.h"

namespace sb::devices::e1000 {

class TransmitEngine {
  public:
    static constexpr uint32_t most_frame = 16288;  // 3.3.3: without FCS and tag

    TransmitEngine(const Chip& chip, Dma& dma, Interrupts& interrupts, Statistics& statistics,
                   bus::PacketPlaces& places, Transmitter& transmitter, uint32_t cached,
                   std::function<uint32_t()> tag_type);

    /// A frame is on the wire: its room is free, and who waited for that goes on.
    void sent();
    void reset();

  private:
    /// A context descriptor's words, as far as they count.
    struct Context {
        uint64_t checksums = 0;
        uint64_t rest = 0;
    };
    /// The frame that is put together.
    struct Assembly {
        Context context;         // that it began with
        uint32_t bytes = 0;      // so far
        uint32_t packet = 0;     // its number
        uint32_t offset = 0;     // into the descriptor's data
        uint32_t moving = 0;     // of the burst under way
        uint32_t frames = 0;     // segmented so far
        uint32_t payload = 0;    // bytes in those
        uint32_t options = 0;    // POPTS of its first descriptor
        uint32_t begun = 0;      // there is one
        uint32_t segmented = 0;  // TSE
        uint32_t spoiled = 0;    // it will not be sent
    };

    bool wants_data() const { return ready_ && transmitting(); }
    bool transmitting() const;
    bool begin_data();
    void data_ended(Result result);
    void look_again();

    bool next_is_data();
    void take_context(uint64_t address, uint64_t rest);
    void begin_packet();
    uint32_t piece() const;
    bool room_for(uint32_t bytes);
    void spoil(const char* why);
    void descriptor_done();
    void segment_done(bool end);
    void hand_on(std::span<uint8_t> frame);
    void frame_done();
    Segmentation segmentation() const;
    uint32_t segment_bytes() const;
    uint32_t payload_bytes() const;
    void insert_checksums(std::span<uint8_t> frame);
    uint32_t insert_tag(uint8_t* frame, uint32_t bytes, uint16_t tag);
    void written(const DescriptorRing::Slot& slot, Result result);
    void check_low();

    Chip chip_;
    Dma& dma_;
    Interrupts& interrupts_;
    Statistics& statistics_;
    bus::PacketPlaces& places_;
    Transmitter& transmitter_;
    const std::function<uint32_t()> tag_type_;

    bus::Register tspmt_;
    TransmitModeration moderation_;
    DescriptorRing ring_;

    State<Context> plain_;
    State<Context> segmenting_;
    State<Assembly> frame_;
    State<bool> ready_;          // there may be something to do
    State<uint32_t> handed_on_;  // frames, and
    State<uint32_t> sent_;       // of these on the wire: RPS waits for them
    State<uint32_t> pending_;    // descriptors to the tail, when last looked at
    std::vector<uint8_t> bytes_;
    std::vector<uint8_t> header_;  // of a segmented frame, as software has written it
    observe::Name not_sent_;
    Counter unsent_;
};

}  // namespace sb::devices::e1000
