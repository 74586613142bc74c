// SPDX-License-Identifier: Apache-2.0
//
// The core as software sees it: its settings, its registers, its interrupt.
#include "devices/cdma/axi_cdma.h"

#include <fmt/format.h>

namespace sb::devices::cdma {
namespace {

constexpr uint32_t msi_offset = 0x50;

// Latencies: PG034 publishes none. PG021 (AXI DMA 7.1, "Performance") has those of the same
// scatter-gather engine and data mover in their default configuration, at 100 MHz:
// - TAILDESC write to the descriptor's read address: 10 clocks. Taken for a write to BTT, too.
// - The descriptor's read address to the data's: 28 clocks, of which the fetch of eight words by a
//   bus without waits is 9: 19 remain [derived].
// - The first data of a stream to the write address: 39 clocks, of which 16 are the first burst
//   coming in: 23 remain [derived].
// Unconfirmed: the length of a reset, the number of descriptors prefetched, the depth of the
// store-and-forward buffer, the registers' access time.
const std::vector<Key> keys{
    {"slot", ValueType::integer, "4", "PCI device number", {}, 0, 31},
    {"function", ValueType::integer, "0", "PCI function number", {}, 0, 7},
    {"clock",
     ValueType::frequency,
     "100MHz",
     "clock of core and scatter-gather engine",
     {},
     1'000'000,
     1'000'000'000},
    {"address_width",
     ValueType::choice,
     "32",
     "address bits; with 64, the write of TAILDESC_PNTR_MSB starts",
     {"32", "64"}},
    {"data_width", ValueType::choice, "32", "bits a beat", {"32", "64", "128", "256", "512"}},
    {"burst_length",
     ValueType::choice,
     "16",
     "beats of the longest data burst",
     {"2", "4", "8", "16", "32", "64", "128", "256"}},
    {"buffer_bursts",
     ValueType::integer,
     "2",
     "bursts that reads run ahead of writes (unconfirmed)",
     {},
     2,
     16},
    {"prefetch",
     ValueType::integer,
     "4",
     "descriptors fetched ahead; 0: none (unconfirmed)",
     {},
     0,
     DescriptorEngine::most_prefetch},
    {"start_clocks",
     ValueType::integer,
     "10",
     "from the starting write to the first address",
     {},
     0,
     100'000},
    {"descriptor_clocks",
     ValueType::integer,
     "19",
     "from a descriptor's last word to its data",
     {},
     0,
     100'000},
    {"forward_clocks",
     ValueType::integer,
     "23",
     "from a burst's last read beat to its write",
     {},
     0,
     100'000},
    {"reset_clocks",
     ValueType::integer,
     "16",
     "a soft reset, when all is quiet (unconfirmed)",
     {},
     0,
     100'000},
    {"access_time", ValueType::duration, "40ns", "of a register access (unconfirmed)"}};

/// Its own keys, and where it stands among the masters of a bus: by default with the processor, so
/// that they take turns.
std::vector<Key> all_keys() {
    std::vector<Key> all = keys;
    for (const Key& key : bus::master_keys(8)) all.push_back(key);
    return all;
}

unsigned number(const Config& config, const char* key) {
    return static_cast<unsigned>(std::stoul(config.text(key)));
}

DataMover::Settings mover_settings(const Config& config) {
    return {.width = number(config, "data_width") / 8,
            .burst = number(config, "burst_length"),
            .buffer = static_cast<uint32_t>(config.integer("buffer_bursts")),
            .master = bus::MasterSettings{config},
            .forward = config.clock("clock").cycles(config.integer("forward_clocks"))};
}

DescriptorEngine::Settings descriptor_settings(const Config& config) {
    const bool wide = number(config, "address_width") == 64;
    return {.prefetch = static_cast<uint32_t>(config.integer("prefetch")),
            .address_mask = wide ? ~uint64_t{0} : 0xffffffff,
            .master = bus::MasterSettings{config},
            .decode = config.clock("clock").cycles(config.integer("descriptor_clocks"))};
}

uint64_t with_half(uint64_t value, bool upper, uint64_t half) {
    return upper ? (value & 0xffffffff) | half << 32 : (value & ~uint64_t{0xffffffff}) | half;
}

}  // namespace

const bus::DeviceModel axi_cdma{
    "axi-cdma", "AXI central DMA engine (copies, scatter-gather, key-hole)",
    "Xilinx PG034 v4.1, AXI Central Direct Memory Access", all_keys(),
    [](const bus::DeviceContext& c) { return std::make_unique<AxiCdma>(c); }};
SOUTHBRIDGE_DEVICE(axi_cdma)

// Offsets: PG034, table 2-3 ("Register Address Map").
AxiCdma::AxiCdma(const bus::DeviceContext& context)
    : Device{context},
      clock_{context.config.clock("clock")},
      wide_{number(context.config, "address_width") == 64},
      start_clocks_{context.config.integer("start_clocks")},
      reset_clocks_{context.config.integer("reset_clocks")},
      function_{*this,
                pci::bus_of(context),
                {static_cast<unsigned>(context.config.integer("slot")),
                 static_cast<unsigned>(context.config.integer("function"))},
                {.vendor = 0x10ee, .device = 0x7034, .class_code = 0x088000, .interrupt_pin = 1}},
      bank_{*this,
            {.name = "registers",
             .size = 0x1000,
             .access_time = context.config.duration("access_time")}},
      control_{bank_,
               {.name = "CDMACR", .offset = 0x00, .reset = 0x00010000, .doc = "control"},
               {.write = [this](uint64_t v) { control_written(v); }}},
      status_{bank_,
              {.name = "CDMASR", .offset = 0x04, .reset = 0x0001000a, .doc = "status"},
              {.read = [this] { return read_status(); },
               .write = [this](uint64_t) { update_interrupt(); }}},
      current_{bank_,
               {.name = "CURDESC_PNTR", .offset = 0x08, .doc = "current descriptor"},
               {.write = [this](uint64_t v) { current_written(false, v); }}},
      current_high_{bank_,
                    {.name = "CURDESC_PNTR_MSB", .offset = 0x0c, .doc = "its upper half"},
                    {.write = [this](uint64_t v) { current_written(true, v); }}},
      tail_{bank_,
            {.name = "TAILDESC_PNTR",
             .offset = 0x10,
             .doc = "tail descriptor",
             .effect = "starts a chain, or moves its end (32-bit addresses)"},
            {.write = [this](uint64_t v) { tail_written(false, v); }}},
      tail_high_{bank_,
                 {.name = "TAILDESC_PNTR_MSB",
                  .offset = 0x14,
                  .doc = "its upper half",
                  .effect = "starts a chain, or moves its end (64-bit addresses)"},
                 {.write = [this](uint64_t v) { tail_written(true, v); }}},
      source_{bank_,
              {.name = "SA", .offset = 0x18, .doc = "source address"},
              {.write = [this](uint64_t v) { address_written(source_, source_at_, false, v); }}},
      source_high_{
          bank_,
          {.name = "SA_MSB", .offset = 0x1c, .doc = "its upper half"},
          {.write = [this](uint64_t v) { address_written(source_high_, source_at_, true, v); }}},
      destination_{
          bank_,
          {.name = "DA", .offset = 0x20, .doc = "destination address"},
          {.write =
               [this](uint64_t v) { address_written(destination_, destination_at_, false, v); }}},
      destination_high_{bank_,
                        {.name = "DA_MSB", .offset = 0x24, .doc = "its upper half"},
                        {.write =
                             [this](uint64_t v) {
                                 address_written(destination_high_, destination_at_, true, v);
                             }}},
      bytes_{bank_,
             {.name = "BTT",
              .offset = 0x28,
              .doc = "bytes to transfer",
              .effect = "starts a simple transfer"},
             {.write = [this](uint64_t v) { bytes_written(v); }}},
      mover_{*this, function_, mover_settings(context.config),
             [this](End end) { transfer_ended(end); }},
      descriptors_{*this,
                   function_,
                   descriptor_settings(context.config),
                   {.fetched = [this](const Descriptor& d) { descriptor_fetched(d); },
                    .updated = [this](uint64_t at, uint32_t status,
                                      End end) { status_updated(at, status, end); }}} {
    observe::Stream& stream = context.board.stream;
    phase_names_ = {stream.intern("idle"), stream.intern("fetching descriptor"),
                    stream.intern("moving data"), stream.intern("writing status"),
                    stream.intern("halted")};
    fetched_name_ = stream.intern("descriptor fetched");
    begins_name_ = stream.intern("transfer begins");
    ends_name_ = stream.intern("transfer ends");
    written_name_ = stream.intern("status written");
    raised_name_ = stream.intern("interrupt raised");
    reset_name_ = stream.intern("reset");
    function_.add_base(0, pci::Function::Space::memory, 0x1000, bank_.socket(), context.name);
    function_.add_msi(msi_offset);
    function_.on_command([this] {
        if (!function_.bus_master() || !busy()) return;
        if (sg_mode_) descriptors_.resume();
        mover_.resume();
    });
}

void AxiCdma::reset() {
    mover_.cancel();
    descriptors_.cancel();
    clear_state();
    Device::reset();
    control_value_ = control_.value();
    update_interrupt();
    show_phase();
}

// ---- Registers

void AxiCdma::control_written(uint64_t written) {
    const uint64_t old = control_value_;
    if (resetting_) {
        control_ = old;
        finding("a register was written while the core is in reset: ignored");
        return;
    }
    if (reset_.of(written)) return begin_reset();
    const uint64_t fixed =
        sg_mode_.mask() | fixed_read_.mask() | fixed_write_.mask() | cyclic_.mask();
    if (busy() && ((control_ ^ old) & fixed)) {
        finding("SGMode, a key-hole bit or CyclicBD was changed while not idle: ignored");
        control_ = (control_ & ~fixed) | (old & fixed);
    }
    if (threshold_ == 0) {
        finding("an interrupt threshold of zero was written: it has no effect");
        threshold_ = threshold_.of(old);
    }
    control_value_ = control_.value();
    threshold_count_ = threshold_;
    if (sg_mode_ != sg_mode_.of(old)) mode_changed();
    if (delay_ != delay_.of(old)) restart_delay();
    update_interrupt();
}

void AxiCdma::mode_changed() {
    fresh_ = true;
    uninterrupted_ = 0;
    delay_timer_.cancel();
    if (sg_mode_) return;
    // What PG034 has cleared while SGMode is 0.
    show_current(0);
    tail_at_ = 0;
    tail_ = 0;
    tail_high_ = 0;
    delayed_ = 0;
}

uint64_t AxiCdma::read_status() const {
    uint64_t value = status_.value();
    if (delay_timer_.armed()) {
        const Time left = delay_timer_.due() - now();
        const uint64_t units = (left + delay_unit() - Time::ps(1)) / delay_unit();
        value |= delay_count_.make(delay_ - std::min<uint64_t>(units, delay_));
    }
    return value;
}

/// Registers that may be written only while idle are locked now.
bool AxiCdma::locked() {
    if (resetting_)
        finding("a register was written while the core is in reset: ignored");
    else if (busy())
        finding("a register was written that may be written only while idle: ignored");
    return resetting_ || busy();
}

void AxiCdma::address_written(bus::Register& reg, State<uint64_t>& kept, bool upper,
                              uint64_t written) {
    if (upper && !wide_) {
        reg = 0;
        if (written)
            finding("the upper half of an address was written, but addresses have 32 bits");
        return;
    }
    if (locked())
        reg = upper ? kept >> 32 : kept & 0xffffffff;
    else
        kept = with_half(kept, upper, reg);
}

void AxiCdma::current_written(bool upper, uint64_t written) {
    if (!sg_mode_ && written)
        finding("a descriptor pointer was written while SGMode is 0: it stays zero");
    else if (!upper && written % 64 != 0)
        finding("a descriptor is not on a 64-byte boundary: address bits 5 to 0 are ignored");
    if (!sg_mode_) {
        show_current(0);
        return;
    }
    bus::Register& reg = upper ? current_high_ : current_;
    if (!locked() && !fresh_ && (wide_ || !upper))
        finding(
            "CURDESC_PNTR was written, but SGMode not toggled: the chain goes on behind the "
            "descriptor executed last");
    address_written(reg, current_at_, upper, written);
}

void AxiCdma::tail_written(bool upper, uint64_t written) {
    if (upper && !wide_) return address_written(tail_high_, tail_at_, true, written);
    bus::Register& reg = upper ? tail_high_ : tail_;
    if (!sg_mode_ || resetting_) {
        if (resetting_ || written)
            finding("a descriptor pointer was written while SGMode is 0: it stays zero");
        reg = 0;
        return;
    }
    if (!upper && written % 64 != 0 && !cyclic_)
        finding("a descriptor is not on a 64-byte boundary: address bits 5 to 0 are ignored");
    tail_at_ = with_half(tail_at_, upper, reg);
    if (upper == wide_) start_chain();
}

void AxiCdma::bytes_written(uint64_t written) {
    if (locked()) {
        bytes_ = bytes_value_.get();
        return;
    }
    bytes_value_ = bytes_.value();
    if (written >> 26)
        finding("more than 67108863 bytes to transfer: bits 31 to 26 are ignored",
                [&] { return fmt::format("{:#x}", written); });
    if (sg_mode_) {
        finding("BTT was written while SGMode is 1: nothing is started");
        return;
    }
    start_simple();
}

void AxiCdma::show_current(uint64_t at) {
    current_at_ = at;
    current_ = at & 0xffffffff;
    current_high_ = at >> 32;
}

// ---- Interrupts

Time AxiCdma::delay_unit() const { return clock_.cycles(125); }

/// A descriptor was completed, its status included.
void AxiCdma::completed() {
    uninterrupted_ = uninterrupted_ + 1;
    threshold_count_ = threshold_count_ - 1;
    if (threshold_count_ != 0) return;
    threshold_count_ = threshold_;
    uninterrupted_ = 0;
    complete_ = 1;
    update_interrupt();
}

/// The delay timer counts from zero, or not at all.
void AxiCdma::restart_delay() {
    delay_timer_.cancel();
    if (busy() || !sg_mode_ || uninterrupted_ == 0 || delay_ == 0) return;
    delay_timer_.arm_after(delay_unit() * delay_);
}

void AxiCdma::delay_due() {
    uninterrupted_ = 0;
    threshold_count_ = threshold_;
    delayed_ = 1;
    update_interrupt();
}

void AxiCdma::update_interrupt() {
    const bool wanted =
        (complete_ && complete_enable_) || (delayed_ && delay_enable_) || (error_ && error_enable_);
    if (wanted && !raised_) {
        ++interrupts_;
        act(raised_name_, status_ & (complete_.mask() | delayed_.mask() | error_.mask()));
    }
    raised_ = wanted;
    function_.interrupt(wanted);
}

// ---- Events

void AxiCdma::act(observe::Name name, uint64_t value, uint64_t more) {
    probe().emit(now(), observe::Kind::device, name, value, more);
}

void AxiCdma::show_phase() {
    Phase phase = Phase::fetching;
    if (halted_)
        phase = Phase::halted;
    else if (!busy())
        phase = Phase::idle;
    else if (mover_.active() || !sg_mode_)
        phase = Phase::moving;
    else if (waiting_ || descriptors_.updating())
        phase = Phase::writing;
    if (phase == phase_) return;
    phase_ = phase;
    act(phase_names_[static_cast<size_t>(phase)], current_at_);
}

}  // namespace sb::devices::cdma
