// SPDX-License-Identifier: Apache-2.0
#include "devices/dma8237/dma8237.h"

#include "bus/isa.h"

namespace sb::devices {
namespace {

constexpr unsigned cascade = bus::DmaChannels::cascade;
constexpr unsigned highest_priority = 0;
constexpr uint32_t page_ports = 16;
// The page register of each channel, as an offset from 80h (IBM PC/AT Technical Reference, "Page
// Register Addresses"). Channel 4's is that of refresh.
constexpr std::array<unsigned, bus::DmaChannels::count> page_of{0x7, 0x3, 0x1, 0x2,
                                                                0xf, 0xb, 0x9, 0xa};

}  // namespace

const bus::DeviceModel dma8237{
    "dma8237",
    "the PC/AT's two 8237A DMA controllers and their page registers",
    "Intel 8237A data sheet (231466-005); Intel 82371AB (290562), 8.4",
    {{"clock", ValueType::frequency, "4166667Hz", "DMA clock: SYSCLK / 2", {}, 1000, 100'000'000},
     {"wait_states", ValueType::integer, "1", "SW clocks of each cycle", {}, 0, 15},
     {"handoff",
      ValueType::choice,
      "none",
      "state at reset: of the hardware, or with channel 4 as firmware leaves it",
      {"none", "firmware"}},
     bus::isa_access_time()},
    [](const bus::DeviceContext& c) { return std::make_unique<Dma8237>(c); }};
SOUTHBRIDGE_DEVICE(dma8237)

Dma8237::Dma8237(const bus::DeviceContext& context)
    : Device{context},
      firmware_was_here_{context.config.text("handoff") == "firmware"},
      clock_{context.config.clock("clock")},
      wait_states_{context.config.integer("wait_states")},
      clients_{bus::DmaChannels::of(context.board)},
      first_{*this,
             {"dma1", "dma1-inside", 1, context.config.duration("access_time"), true},
             [this] { look(); }},
      second_{*this,
              {"dma2", "dma2-inside", 2, context.config.duration("access_time"), false},
              [this] { look(); }},
      page_bank_{*this,
                 {.name = "pages",
                  .size = page_ports,
                  .access_time = context.config.duration("access_time")}},
      pages_{
          page_bank_,
          {.name = "PAGE",
           .offset = 0,
           .bits = 8,
           .doc = "A23 to A16: 7, 3, 1, 2 of channels 0 to 3, 11, 9, 10 of 5 to 7; else storage"},
          page_ports,
          1},
      tc_{*this, "tc"},
      hrq_{*this, "hrq"},
      hlda_{*this, "hlda"},
      port_{*this,
            context.board.bus,
            context.board.stream,
            "port",
            highest_priority,
            [this](bus::MasterPort::Result result) { cycle_ended(result); }} {
    for (unsigned i = 0; i < dacks_.size(); ++i) {
        if (i == cascade) continue;
        dacks_[i] = std::make_unique<bus::Pin>(*this, fmt::format("dack{}", i));
        dacks_[i]->connect(bus::dack_line(context.board, i));
        bus::drq_line(context.board, i).connect(*this, i);
    }
    tc_.connect(context.board.line("tc"));
    hrq_.connect(context.board.line("hrq"));
    hlda_.connect(context.board.line("hlda"));
    port_.on_grant([this] { granted(); });
    bus::claim_ports(context, first_.ports(), 0x00);
    bus::claim_ports(context, second_.ports(), 0xc0);
    bus::claim_ports(context, page_bank_, 0x80);
}

void Dma8237::reset() {
    Device::reset();
    first_.reset();
    second_.reset();
    if (firmware_was_here_) second_.set_cascade();
    port_.cancel();
    for (Timer* timer : {&ask_, &dack_, &s4_}) timer->cancel();
    for (auto& dack : dacks_)
        if (dack) dack->set(false);
    tc_.set(false);
    hrq_.set(false);
    hlda_.set(false);
    set_service(Service::idle);
    copying_ = second_half_ = opening_ = false;
    second_.set_drq(0, false);
}

// ---- From a request to the bus

void Dma8237::line_changed(unsigned channel, bool asserted) {
    chip(channel).set_drq(channel % 4, asserted);
    look();
}

/// Something changed that may begin or end a request.
void Dma8237::look() {
    if (second_.requested(0)) {
        finding("a DMA request was made by software on channel 4, the cascade: ignored");
        second_.drop_request(0);
    }
    second_.set_drq(0, first_.pending() != 0);
    switch (service()) {
        case Service::idle:
            if (second_.pending()) begin_to_ask();
            return;
        case Service::asking:
        case Service::waiting:
            if (!second_.pending()) return stop_asking();
            if (service() == Service::waiting && cascaded(choose())) {
                stop_asking();
                begin_to_ask();
            }
            return;
        case Service::running:
            return;
        case Service::cascade:
            if (!chip(channel_).drq(channel_ % 4)) release();
            return;
    }
}

void Dma8237::begin_to_ask() {
    set_service(Service::asking);
    ask_.arm_after(clock_.period());
}

void Dma8237::stop_asking() {
    ask_.cancel();
    port_.cancel();
    hrq_.set(false);
    set_service(Service::idle);
}

/// The channel that both chips' priorities give.
unsigned Dma8237::choose() {
    const unsigned outer = second_.next(second_.pending());
    if (outer != 0) return cascade + outer;
    if (second_.kind(0) != DmaChip::Kind::cascade)
        finding("DMA channel 4 served a request while it was not in cascade mode (taken as such)");
    return first_.next(first_.pending());
}

void Dma8237::ask() {
    hrq_.set(true);
    channel_ = static_cast<uint8_t>(choose());
    if (cascaded(channel_)) {
        // The client's own transfers contend for the bus.
        set_service(Service::cascade);
        ++services_;
        hlda_.set(true);
        return acknowledge();
    }
    set_service(Service::waiting);
    port_.request(to_memory(channel_), address(channel_), wide(channel_) ? 2 : 1,
                  cycle_time(channel_));
}

// ---- Cycles

/// Nothing is carried into the page.
uint64_t Dma8237::address(unsigned channel) const {
    const uint64_t page = pages_[page_of[channel]];
    const uint64_t low = chip(channel).address(channel % 4);
    return wide(channel) ? (page & ~uint64_t{1}) << 16 | low << 1 : page << 16 | low;
}

bool Dma8237::to_memory(unsigned channel) const {
    if (copying_) return second_half_;
    return chip(channel).type(channel % 4) == DmaChip::Type::to_memory;
}

Time Dma8237::cycle_time(unsigned channel) const {
    if (copying_) return clock_.cycles(4 + wait_states_);
    const DmaChip& of = chip(channel);
    const bool s1 = opening_ || latched_ != of.address(channel % 4) >> 8;
    return clock_.cycles((of.compressed() ? 2 : 3) + (s1 ? 1 : 0) + wait_states_);
}

/// HLDA. The first cycle of a service: only now is it decided whose it is.
void Dma8237::granted() {
    if (service() == Service::waiting) {
        opening_ = true;
        channel_ = static_cast<uint8_t>(choose());
        copying_ = channel_ == 0 && first_.memory_to_memory() && first_.requested(0);
        set_service(Service::running);
        ++services_;
        hlda_.set(true);
    }
    begin_cycle();
}

void Dma8237::begin_cycle() {
    const unsigned channel = active();
    DmaChip& of = chip(channel);
    const Time time = cycle_time(channel);
    const bool write = to_memory(channel);
    const uint32_t bytes = wide(channel) ? 2 : 1;
    port_.aim(write, address(channel), bytes, time);
    if (write) {
        uint16_t datum = 0xffff;
        if (copying_)
            datum = first_.temporary();
        else if (auto* client = clients_.client(channel))
            datum = client->dma_read();
        port_.buffer()[0] = static_cast<uint8_t>(datum);
        port_.buffer()[1] = static_cast<uint8_t>(datum >> 8);
    }
    if (!copying_ && !dacks_[channel]->level()) dack_.arm_after(Time::ps(clock_.period().ps() / 2));
    if (of.last(channel % 4) && (!copying_ || second_half_)) s4_.arm_after(time - clock_.period());
    opening_ = false;
    latched_ = static_cast<uint8_t>(of.address(channel % 4) >> 8);
}

void Dma8237::acknowledge() {
    dacks_[channel_]->set(true);
    if (auto* client = clients_.client(channel_)) client->dma_acknowledged();
}

void Dma8237::cycle_ended(bus::MasterPort::Result result) {
    const bool claimed = result == bus::MasterPort::Result::done;
    if (!claimed)
        finding("a DMA cycle went to an address that nothing claims",
                [&] { return fmt::format("channel {} at {:#08x}", active(), address(active())); });
    bool last = false;
    if (copying_) {
        last = copy_cycle_ended(claimed);
    } else {
        device_cycle_ended(claimed);
        last = count_on();
    }
    tc_.set(false);
    if (!goes_on(last)) return release();
    const unsigned channel = active();
    port_.request(to_memory(channel), address(channel), wide(channel) ? 2 : 1, cycle_time(channel));
}

/// The client takes its datum. Of an address that nothing claims, all ones.
void Dma8237::device_cycle_ended(bool claimed) {
    auto* client = clients_.client(channel_);
    if (!client) {
        finding("a DMA channel was served that no device is on",
                [&] { return fmt::format("channel {}", channel_.get()); });
        return;
    }
    if (chip(channel_).type(channel_ % 4) == DmaChip::Type::from_memory) {
        const unsigned high = wide(channel_) ? port_.buffer()[1] : 0;
        client->dma_write(claimed ? static_cast<uint16_t>(high << 8 | port_.buffer()[0]) : 0xffff);
    }
    client->dma_cycle_ended();
}

/// Half of a memory-to-memory transfer: channel 0 reads into the temporary register, channel 1
/// writes it. The count of channel 1 ends the block ("Memory-to-Memory").
bool Dma8237::copy_cycle_ended(bool claimed) {
    if (!second_half_) {
        first_.set_temporary(claimed ? port_.buffer()[0] : 0xff);
        if (first_.advance(0, first_.holds_address())) first_.reload_if_automatic(0);
        second_half_ = true;
        return false;
    }
    second_half_ = false;
    ++transfers_;
    if (!first_.advance(1)) return false;
    first_.terminal_count(1);
    first_.drop_request(0);
    return true;
}

/// One transfer of the channel less; true where it was the last.
bool Dma8237::count_on() {
    DmaChip& of = chip(channel_);
    const unsigned i = channel_ % 4;
    ++transfers_;
    const uint16_t before = of.address(i);
    const bool last = of.advance(i);
    if (last) {
        of.terminal_count(i);
        if (auto* client = clients_.client(channel_)) client->dma_terminal_count();
    } else if (before == (of.decrements(i) ? 0 : 0xffff)) {
        finding("a DMA transfer passed the end of its page and wrapped to the other",
                [&] { return fmt::format("channel {}", channel_.get()); });
    }
    return last;
}

bool Dma8237::goes_on(bool last) const {
    if (copying_) return !last;
    if (last) return false;
    switch (chip(channel_).kind(channel_ % 4)) {
        case DmaChip::Kind::block:
            return true;
        case DmaChip::Kind::demand:
            return chip(channel_).drq(channel_ % 4) || chip(channel_).requested(channel_ % 4);
        default:
            return false;
    }
}

/// The service is over: the bus, and the priorities, are free again.
void Dma8237::release() {
    dack_.cancel();
    s4_.cancel();
    dacks_[channel_]->set(false);
    copying_ = second_half_ = false;
    chip(channel_).served(channel_ % 4);
    if (channel_ < 4) second_.served(0);
    hlda_.set(false);
    hrq_.set(false);
    set_service(Service::idle);
    look();
}

}  // namespace sb::devices
