// SPDX-License-Identifier: Apache-2.0
//
// The controller's registers, its states, and its interrupt.
#include "devices/ne2000/ne2000.h"

#include <algorithm>
#include <array>

#include "bus/internet.h"
#include "bus/isa.h"

namespace sb::devices {
namespace {

constexpr size_t memory_bytes = 0x4000;
constexpr size_t most_frame = 0x10000;  // what is ever kept of one
constexpr uint64_t after_reset = 0x21;  // CR: STP, remote DMA aborted (data sheet, 11.0)
constexpr uint8_t tally_alarm = 0x80, tally_end = 0xc0;  // 12.0, network management functions

bus::Register::Spec spec(const char* name, uint32_t offset, bus::Access access, const char* doc,
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

const bus::DeviceModel ne2000{
    "ne2000",
    "NE2000 network card (DP8390), programmed I/O",
    "National DP8390D/NS32490D data sheet, July 1995; AN-874",
    {bus::port_key("port", "0x300", "first port"),
     {"irq", ValueType::integer, "3", "interrupt line", {}, 0, 15},
     {"mac", ValueType::text, "02:00:00:4e:45:01", "station address in the PROM"},
     bus::EthernetPlug::key(),
     bus::isa_access_time(),
     {"data_time",
      ValueType::duration,
      "360ns",
      "time of a 16-bit access to the data port: 3 clocks of the 8.33 MHz ISA bus",
      {},
      0,
      1'000'000'000}},
    [](const bus::DeviceContext& c) { return std::make_unique<Ne2000>(c); }};
SOUTHBRIDGE_DEVICE(ne2000)

Ne2000::Place::Place(Ne2000& nic, const char* place, const char* counter, const char* doc)
    : name{nic.probe().stream().intern(place)}, count{nic, counter, "packets", doc} {}

// Offsets, access and bits: data sheet, 10.1 to 10.3. State after a reset: 11.0.
Ne2000::Ne2000(const bus::DeviceContext& context)
    : Device{context},
      port_{static_cast<uint16_t>(context.config.integer("port"))},
      own_name_{context.board.stream.intern(path())},
      places_{bus::PacketPlaces::of(context.board)},
      plug_{*this, context, *this, {10'000'000}},
      bank_{*this,
            {.name = "dp8390",
             .size = 16,
             .access_time = context.config.duration("access_time"),
             .hole = ~uint64_t{0}}},
      command_{
          bank_,
          spec("CR", 0, bus::rw, "command", "starts, stops, sends, begins remote DMA", after_reset),
          {.write = [this](uint64_t v) { write_command(v); }}},
      local_address_low_{bank_,
                         spec("CLDA0", 1, bus::ro, "current local DMA address, low"),
                         {.read = [this] { return uint64_t{local_address_} & 0xff; },
                          .when = [this] { return page(0); }}},
      local_address_high_{bank_,
                          spec("CLDA1", 2, bus::ro, "current local DMA address, high"),
                          {.read = [this] { return uint64_t{local_address_} >> 8; },
                           .when = [this] { return page(0); }}},
      boundary_{
          bank_,
          spec("BNRY", 3, bus::rw, "first page that has not been read", "gives pages back"),
          {.write = [this](uint64_t) { write_boundary(); }, .when = [this] { return page(0); }}},
      transmit_status_{bank_,
                       spec("TSR", 4, bus::ro, "how the last transmission went"),
                       {.when = [this] { return page(0); }}},
      collisions_{bank_,
                  spec("NCR", 5, bus::ro, "collisions of the last transmission"),
                  {.when = [this] { return page(0); }}},
      fifo_{bank_,
            spec("FIFO", 6, bus::ro, "the FIFO, after a loopback", "the next byte"),
            {.read = [this] { return read_fifo(); }, .when = [this] { return page(0); }}},
      interrupt_status_{
          bank_,
          spec("ISR", 7, bus::w1c, "interrupt causes", "", 0x80),
          {.write = [this](uint64_t) { update_interrupt(); }, .when = [this] { return page(0); }}},
      remote_address_low_{bank_,
                          spec("CRDA0", 8, bus::ro, "current remote DMA address, low"),
                          {.read = [this] { return uint64_t{remote_address_} & 0xff; },
                           .when = [this] { return page(0); }}},
      remote_address_high_{bank_,
                           spec("CRDA1", 9, bus::ro, "current remote DMA address, high"),
                           {.read = [this] { return uint64_t{remote_address_} >> 8; },
                            .when = [this] { return page(0); }}},
      receive_status_{bank_,
                      spec("RSR", 0xc, bus::ro, "how the last reception went"),
                      {.when = [this] { return page(0); }}},
      alignment_tally_{bank_,
                       spec("CNTR0", 0xd, bus::ro, "frame alignment errors", "clears it"),
                       {.read = [this] { return read_tally(alignment_tally_); },
                        .when = [this] { return page(0); }}},
      crc_tally_{
          bank_,
          spec("CNTR1", 0xe, bus::ro, "CRC errors", "clears it"),
          {.read = [this] { return read_tally(crc_tally_); }, .when = [this] { return page(0); }}},
      missed_tally_{bank_,
                    spec("CNTR2", 0xf, bus::ro, "missed packets", "clears it"),
                    {.read = [this] { return read_tally(missed_tally_); },
                     .when = [this] { return page(0); }}},
      page_start_{bank_,
                  spec("PSTART", 1, bus::wo, "first page of the ring"),
                  {.when = [this] { return page(0); }}},
      page_stop_{bank_,
                 spec("PSTOP", 2, bus::wo, "the page after the ring"),
                 {.when = [this] { return page(0); }}},
      transmit_page_{bank_,
                     spec("TPSR", 4, bus::wo, "page of the frame to send"),
                     {.when = [this] { return page(0); }}},
      transmit_count_low_{
          bank_, spec("TBCR0", 5, bus::wo, "its bytes, low"), {.when = [this] { return page(0); }}},
      transmit_count_high_{bank_,
                           spec("TBCR1", 6, bus::wo, "its bytes, high"),
                           {.when = [this] { return page(0); }}},
      remote_start_low_{bank_,
                        spec("RSAR0", 8, bus::wo, "remote DMA start address, low"),
                        {.when = [this] { return page(0); }}},
      remote_start_high_{bank_,
                         spec("RSAR1", 9, bus::wo, "remote DMA start address, high"),
                         {.when = [this] { return page(0); }}},
      remote_count_low_{bank_,
                        spec("RBCR0", 0xa, bus::wo, "remote DMA bytes, low"),
                        {.when = [this] { return page(0); }}},
      remote_count_high_{bank_,
                         spec("RBCR1", 0xb, bus::wo, "remote DMA bytes, high"),
                         {.when = [this] { return page(0); }}},
      receive_configuration_{bank_,
                             spec("RCR", 0xc, bus::wo, "which frames are received"),
                             {.write = [this](uint64_t) { disabled_ = monitor_; },
                              .when = [this] { return page(0); }}},
      transmit_configuration_{bank_,
                              spec("TCR", 0xd, bus::wo, "transmission and loopback"),
                              {.write =
                                   [this](uint64_t) {
                                       if (!auto_transmit_) transmitter_on();
                                       update_receiver();
                                   },
                               .when = [this] { return page(0); }}},
      data_configuration_{bank_,
                          spec("DCR", 0xe, bus::wo, "DMA and FIFO", "", 0x04),
                          {.when = [this] { return page(0); }}},
      interrupt_mask_{
          bank_,
          spec("IMR", 0xf, bus::wo, "which causes interrupt"),
          {.write = [this](uint64_t) { update_interrupt(); }, .when = [this] { return page(0); }}},
      current_page_{
          bank_,
          spec("CURR", 7, bus::rw, "page of the next packet"),
          {.write = [this](uint64_t) { ring_full_ = false; }, .when = [this] { return page(1); }}},
      board_{*this,
             {.name = "data",
              .size = 16,
              .access_time = context.config.duration("data_time"),
              .hole = ~uint64_t{0}}},
      data_{board_,
            {.name = "DATA",
             .offset = 0,
             .bits = 16,
             .doc = "remote DMA's data; a byte where WTS is clear",
             .effect = "the next datum",
             .fifo = true},
            4,
            2,
            {.read = [this](unsigned) { return read_data(); },
             .write = [this](unsigned, uint64_t v) { write_data(static_cast<uint16_t>(v)); }}},
      reset_ports_{board_,
                   spec("RESET", 8, bus::rw, "reset of the controller", "a read resets it"),
                   8,
                   1,
                   {.read =
                        [this](unsigned) {
                            board_.stretch(slow_port_);
                            hard_reset();
                            return uint64_t{0};
                        },
                    .write = [this](unsigned, uint64_t) { board_.stretch(slow_port_); }}},
      memory_(memory_bytes) {
    const Time slow = context.config.duration("access_time"),
               fast = context.config.duration("data_time");
    slow_port_ = slow > fast ? slow - fast : Time{};
    const auto mac = bus::internet::station_address(context.name, context.config);
    for (size_t i = 0; i < mac.size(); ++i) prom_[2 * i] = prom_[2 * i + 1] = mac[i];
    // Where drivers look whether the card is in a 16-bit slot.
    std::fill(prom_.begin() + 28, prom_.end(), 'W');
    declare_paged_registers();
    declare_own_state();
    const struct {
        const char *place, *counter, *doc;
    } places[] = {{"nic receive off", "dropped_off",
                   "packets that came while the receiver was off, or in monitor mode"},
                  {"nic filter", "dropped_filter", "packets for others"},
                  {"nic length error", "dropped_length", "packets too short or too long"},
                  {"nic fcs error", "dropped_fcs", "packets with a wrong FCS"},
                  {"nic ring full", "dropped_full", "packets for which the ring had no room"},
                  {"nic fifo overrun", "dropped_overrun",
                   "packets that came while the one before was still being stored"},
                  {"nic no carrier", "dropped_carrier", "packets sent while the link was down"}};
    for (const auto& p : places) drops_.emplace_back(*this, p.place, p.counter, p.doc);
    irq_.connect(context.board.line(fmt::format("irq{}", context.config.integer("irq"))));
    bus::claim_ports(context, bank_, port_);
    bus::claim_ports(context, board_, uint64_t{port_} + 16);
}

/// PAR and MAR of page 1, and what page 2 shows of page 0's write registers.
void Ne2000::declare_paged_registers() {
    auto on = [this](unsigned n) {
        return bus::RegisterHooks{.when = [this, n] { return page(n); }};
    };
    static constexpr const char *par[] = {"PAR0", "PAR1", "PAR2", "PAR3", "PAR4", "PAR5"},
                                *mar[] = {"MAR0", "MAR1", "MAR2", "MAR3",
                                          "MAR4", "MAR5", "MAR6", "MAR7"};
    for (unsigned i = 0; i < 6; ++i)
        address_.emplace_back(bank_, spec(par[i], 1 + i, bus::rw, "station address"), on(1));
    for (unsigned i = 0; i < 8; ++i)
        multicast_.emplace_back(bank_, spec(mar[i], 8 + i, bus::rw, "accepted multicast hashes"),
                                on(1));
    auto show = [&](const char* name, uint32_t offset, const bus::Register& reg) {
        bus::RegisterHooks hooks = on(2);
        hooks.read = [&reg] { return reg.value(); };
        shown_.emplace_back(bank_, spec(name, offset, bus::ro, reg.spec().doc.c_str()), hooks);
    };
    show("PSTART_2", 1, page_start_);
    show("PSTOP_2", 2, page_stop_);
    show("TPSR_2", 4, transmit_page_);
    show("RCR_2", 0xc, receive_configuration_);
    show("TCR_2", 0xd, transmit_configuration_);
    show("DCR_2", 0xe, data_configuration_);
    show("IMR_2", 0xf, interrupt_mask_);
}

void Ne2000::declare_own_state() {
    declare_state("memory", [this](Archive& a) { a.sparse("memory", memory_); });
    declare_state("arriving", [this](Archive& a) {
        a.blob("arriving", arriving_.bytes, most_frame);
        a.value("arriving_packet", arriving_.packet);
        a.value("arriving_damaged", arriving_.damaged);
    });
    declare_state("looped", [this](Archive& a) { a.blob("looped", looped_, most_frame); });
}

void Ne2000::reset() {
    Device::reset();
    hard_reset();
}

/// RESET# (11.0): a frame that is going out, the wire has; one that is being stored is lost. The
/// tables of addresses, the ring's registers and the memory keep what they have.
void Ne2000::hard_reset() {
    command_ = after_reset;
    interrupt_status_ = 0;
    interrupt_mask_ = 0;
    loopback_ = 0;
    long_address_ = 1;
    remote_left_ = 0;
    if (stored_.armed()) drop(arriving_.packet, arriving_.bytes.size(), drop_off);
    stored_.cancel();
    frame_begin_.cancel();
    frame_end_.cancel();
    running_ = overflown_ = ring_full_ = transmitter_off_ = false;
    reset_ = 1;
    update_receiver();
    update_interrupt();
}

// ---- Command register

void Ne2000::write_command(uint64_t written) {
    const bool send = transmit_.of(written);
    remote_command(remote_.of(written));
    if (stop_)
        stop();
    else if (start_)
        start();
    if (!send) return;
    if (!running_)
        finding("a transmission was asked for while the controller was stopped");
    else if (transmit_)
        finding("a transmission was asked for while another went on");
    else
        transmit();
}

void Ne2000::stop() {
    running_ = overflown_ = false;
    if (transmitter_off_) transmit_ = 0;
    update_receiver();
    settle_reset();
}

/// The reset state is reached when what was under way has ended (10.3, CR.STP).
void Ne2000::settle_reset() {
    if (!running_ && !stored_.armed() && !frame_begin_.armed() && !frame_end_.armed()) reset_ = 1;
}

void Ne2000::start() {
    running_ = true;
    if (!overflown_) reset_ = 0;
    update_receiver();
}

void Ne2000::update_receiver() {
    const bool on = running_ && loopback_ == 0;
    const bool was_on = receiving_until_ == Time::max();
    if (on == was_on) return;
    if (on) {
        receiving_since_ = now();
        receiving_until_ = Time::max();
    } else {
        receiving_until_ = now();
    }
}

// ---- Interrupt

void Ne2000::update_interrupt() {
    const bool wanted = (interrupt_status_.value() & mask_) != 0;
    if (wanted && !irq_.level()) {
        ++interrupts_;
        stage(observe::Stage::interrupt, 0, 0, own_name_);
    }
    irq_.set(wanted);
}

void Ne2000::raise(bus::Field& cause) {
    cause = 1;
    update_interrupt();
}

// ---- Counters, FIFO, ring registers

/// Sticky at C0h; at 80h the alarm is raised.
void Ne2000::count_up(bus::Register& tally) {
    if (tally.value() >= tally_end) return;
    tally = tally + 1;
    if (tally.value() == tally_alarm) raise(counter_);
}

uint64_t Ne2000::read_tally(bus::Register& tally) {
    const uint64_t value = tally;
    tally = 0;
    return value;
}

/// 8 bytes, one after the other. Outside of loopback it is not to be read (10.3, FIFO).
uint64_t Ne2000::read_fifo() {
    if (loopback_ == 0) finding("the FIFO was read outside of loopback");
    const uint8_t byte = fifo_bytes_.get()[fifo_at_ % 8];
    fifo_at_ = static_cast<uint8_t>((fifo_at_ + 1) % 8);
    return byte;
}

void Ne2000::write_boundary() {
    if (overflown_)
        finding(
            "packets were taken out of an overflown ring without the software reset that the data "
            "sheet asks for");
    ring_full_ = false;
}

void Ne2000::stage(observe::Stage stage, uint32_t packet, size_t bytes, observe::Name place) const {
    probe().emit(now(), observe::Kind::packet, packet, static_cast<uint64_t>(stage), bytes, place);
}

}  // namespace sb::devices
