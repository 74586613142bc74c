// SPDX-License-Identifier: Apache-2.0
#include "devices/dma8237/chip.h"

#include <fmt/format.h>

namespace sb::devices {
namespace {

constexpr uint64_t all_channels = 0xf;

// Ports by number, as the data sheet has them ("Register Codes", "Software Command Codes").
enum Port : uint32_t {
    port_address = 0,
    port_count = 1,
    port_command = 8,
    port_request = 9,
    port_mask = 10,
    port_mode = 11,
    port_clear_flip_flop = 12,
    port_master_clear = 13,
    port_clear_masks = 14,
    port_all_masks = 15,
    port_count_,
};

// Of the bank that is not mapped.
enum Inside : uint32_t {
    inside_base_address = 0x00,
    inside_current_address = 0x08,
    inside_base_count = 0x10,
    inside_current_count = 0x18,
    inside_mode = 0x20,
    inside_requests = 0x24,
    inside_masks = 0x25,
    inside_size = 0x26,
};

bus::Register::Spec word(const char* name, uint32_t offset, const char* doc) {
    return {.name = name, .offset = offset, .bits = 16, .doc = doc};
}

bus::Register::Spec byte(const char* name, uint32_t offset, bus::Access access, const char* doc,
                         const char* effect = "", uint64_t reset = 0) {
    return {.name = name,
            .offset = offset,
            .bits = 8,
            .access = access,
            .reset = reset,
            .doc = doc,
            .effect = effect};
}

}  // namespace

DmaChip::DmaChip(bus::Device& owner, const Wiring& wiring, std::function<void()> changed)
    : owner_{owner},
      wiring_{wiring},
      changed_{std::move(changed)},
      inside_{owner, {.name = wiring.inside, .size = inside_size}},
      base_address_{inside_, word("BASE_ADDRESS", inside_base_address, "as written"), channels, 2},
      current_address_{inside_, word("CURRENT_ADDRESS", inside_current_address, "of the next"),
                       channels, 2},
      base_count_{inside_, word("BASE_COUNT", inside_base_count, "as written"), channels, 2},
      current_count_{inside_, word("CURRENT_COUNT", inside_current_count, "transfers left, less 1"),
                     channels, 2},
      mode_registers_{inside_, byte("MODE", inside_mode, bus::rw, "of a channel"), channels, 1},
      requests_{inside_, byte("REQUESTS", inside_requests, bus::rw, "requests by software")},
      masks_{inside_, byte("MASKS", inside_masks, bus::rw, "channels whose DREQ is ignored", "",
                           all_channels)},
      ports_{owner,
             {.name = wiring.name,
              .size = port_count_ * wiring.stride,
              .access_time = wiring.access_time,
              .hole = ~uint64_t{0}}},
      addresses_{
          ports_,
          byte("ADDRESS", port_address, bus::rw, "address of a channel", "next byte of it"),
          channels,
          2 * wiring.stride,
          {.read = [this](unsigned i) { return read_half(current_address_, i); },
           .write = [this](unsigned i,
                           uint64_t v) { write_half(base_address_, current_address_, i, v); }}},
      counts_{
          ports_,
          byte("COUNT", port_count * wiring.stride, bus::rw, "transfers less 1", "next byte of it"),
          channels,
          2 * wiring.stride,
          {.read = [this](unsigned i) { return read_half(current_count_, i); },
           .write = [this](unsigned i,
                           uint64_t v) { write_half(base_count_, current_count_, i, v); }}},
      status_{ports_,
              byte("STATUS", port_command * wiring.stride, bus::ro, "terminal counts and requests",
                   "reading clears TC"),
              {.read = [this] { return read_status(); }}},
      command_{ports_,
               byte("COMMAND", port_command * wiring.stride, bus::wo, "how the controller works"),
               {.write = [this](uint64_t) { command_written(); }}},
      request_{ports_,
               byte("REQUEST", port_request * wiring.stride, bus::wo, "a request by software",
                    "sets or clears one channel's request bit"),
               {.write = [this](uint64_t v) { request_written(v); }}},
      mask_{ports_,
            byte("MASK", port_mask * wiring.stride, bus::wo, "one channel's mask bit",
                 "sets or clears it"),
            {.write =
                 [this](uint64_t v) {
                     const uint64_t bit = uint64_t{1} << mask_channel_.of(v);
                     masks_ = mask_set_.of(v) ? masks_ | bit : masks_ & ~bit;
                     changed_();
                 }}},
      mode_{ports_,
            byte("MODE", port_mode * wiring.stride, bus::wo, "one channel's mode",
                 "goes into that channel's register"),
            {.write = [this](uint64_t v) { mode_written(v); }}},
      clear_flip_flop_{ports_,
                       byte("CLEAR_FLIP_FLOP", port_clear_flip_flop * wiring.stride, bus::wo,
                            "any value", "the next byte of an address or count is the low one"),
                       {.write = [this](uint64_t) { second_byte_ = false; }}},
      temporary_{ports_, byte("TEMPORARY", port_master_clear * wiring.stride, bus::ro,
                              "the last byte copied from memory to memory")},
      master_clear_{ports_,
                    byte("MASTER_CLEAR", port_master_clear * wiring.stride, bus::wo, "any value",
                         "as a hardware reset: masks all, and clears command, status, requests"),
                    {.write = [this](uint64_t) { master_clear(); }}},
      clear_masks_{ports_,
                   byte("CLEAR_MASKS", port_clear_masks * wiring.stride, bus::wo, "any value",
                        "all channels accept requests"),
                   {.write =
                        [this](uint64_t) {
                            masks_ = 0;
                            changed_();
                        }}},
      all_masks_{ports_,
                 byte("ALL_MASKS", port_all_masks * wiring.stride, bus::rw,
                      "all mask bits; readable as in the PIIX3"),
                 {.read = [this] { return masks_.value(); },
                  .write =
                      [this](uint64_t v) {
                          masks_ = all_mask_bits_.of(v);
                          changed_();
                      }}},
      second_byte_{owner, std::string{wiring.name} + ".second_byte", false},
      drq_{owner, std::string{wiring.name} + ".drq", 0},
      first_{owner, std::string{wiring.name} + ".first", 0} {
    for (unsigned i = 0; i < channels; ++i) modes_[i] = std::make_unique<Mode>(mode_registers_[i]);
}

void DmaChip::reset() {
    second_byte_ = false;
    first_ = 0;
}

void DmaChip::set_cascade() {
    mode_registers_[0] = modes_[0]->kind.make(static_cast<uint64_t>(Kind::cascade));
    masks_ = all_channels & ~uint64_t{1};
}

uint64_t DmaChip::read_half(bus::RegisterArray& current, unsigned channel) {
    const bool high = second_byte_;
    second_byte_ = !high;
    return (current[channel] >> (high ? 8 : 0)) & 0xff;
}

void DmaChip::write_half(bus::RegisterArray& base, bus::RegisterArray& current, unsigned channel,
                         uint64_t byte_written) {
    const bool high = second_byte_;
    second_byte_ = !high;
    const unsigned shift = high ? 8 : 0;
    const uint64_t keep = high ? 0x00ff : 0xff00;
    base[channel] = (base[channel] & keep) | byte_written << shift;
    current[channel] = (current[channel] & keep) | byte_written << shift;
}

uint64_t DmaChip::read_status() {
    asking_ = drq_ | requests_;
    const uint64_t value = status_;
    reached_ = 0;
    return value;
}

/// The board's DREQ and DACK have one polarity: a controller told otherwise would see requests
/// where there are none.
void DmaChip::command_written() {
    if (drq_low_ != 0 || dack_high_ != 0)
        owner_.finding(
            "a DMA controller was given a polarity of DREQ or DACK that this board does "
            "not have: ignored",
            [&] { return fmt::format("{}: {:#04x}", wiring_.name, command_.value()); });
    if (memory_to_memory_ != 0 && !wiring_.memory_to_memory)
        owner_.finding(
            "memory-to-memory transfers were enabled on the 16-bit DMA controller, whose "
            "channel 0 is the cascade: ignored");
    changed_();
}

void DmaChip::request_written(uint64_t written) {
    const auto channel = static_cast<unsigned>(request_channel_.of(written));
    const uint64_t bit = uint64_t{1} << channel;
    requests_ = request_set_.of(written) ? requests_ | bit : requests_ & ~bit;
    if (request_set_.of(written) && kind(channel) != Kind::block)
        owner_.finding("a DMA request was made by software on a channel that is not in block mode",
                       [&] { return fmt::format("{} channel {}", wiring_.name, channel); });
    changed_();
}

void DmaChip::mode_written(uint64_t written) {
    const auto channel = static_cast<unsigned>(mode_channel_.of(written));
    mode_registers_[channel] = mode_bits_.make(mode_bits_.of(written));
    if (type(channel) == Type::illegal && kind(channel) != Kind::cascade)
        owner_.finding("a DMA channel was given the illegal transfer type 3 (taken as verify)",
                       [&] { return fmt::format("{} channel {}", wiring_.name, channel); });
    changed_();
}

/// "Master Clear": as Reset. Modes, addresses and counts stay.
void DmaChip::master_clear() {
    command_ = 0;
    status_ = 0;
    requests_ = 0;
    temporary_ = 0;
    masks_ = all_channels;
    reset();
    changed_();
}

void DmaChip::set_drq(unsigned channel, bool level) {
    const auto bit = static_cast<uint8_t>(1u << channel);
    drq_ = static_cast<uint8_t>(level ? drq_ | bit : drq_ & ~bit);
}

/// A request by software can not be masked; a cascaded channel has none, since nobody would answer.
unsigned DmaChip::pending() const {
    if (disable_) return 0;
    unsigned wanting = static_cast<unsigned>(drq_ & ~masks_ & all_channels);
    for (unsigned i = 0; i < channels; ++i)
        if (requested(i) && kind(i) != Kind::cascade) wanting |= 1u << i;
    return wanting;
}

unsigned DmaChip::next(unsigned pending) const {
    const unsigned first = rotating_ ? first_ : 0;
    for (unsigned i = 0; i < channels; ++i) {
        const unsigned channel = (first + i) % channels;
        if (pending >> channel & 1) return channel;
    }
    return first;
}

void DmaChip::served(unsigned channel) { first_ = static_cast<uint8_t>((channel + 1) % channels); }

bool DmaChip::advance(unsigned channel, bool hold) {
    if (!hold)
        current_address_[channel] =
            decrements(channel) ? current_address_[channel] - 1 : current_address_[channel] + 1;
    const bool rolled = current_count_[channel] == 0;
    current_count_[channel] = current_count_[channel] - 1;
    return rolled;
}

void DmaChip::reload_if_automatic(unsigned channel) {
    if (!mode(channel).automatic) return;
    current_address_[channel] = base_address_[channel].value();
    current_count_[channel] = base_count_[channel].value();
}

void DmaChip::terminal_count(unsigned channel) {
    const uint64_t bit = uint64_t{1} << channel;
    reached_ = reached_ | bit;
    drop_request(channel);
    if (mode(channel).automatic)
        reload_if_automatic(channel);
    else
        masks_ = masks_ | bit;
}

}  // namespace sb::devices
