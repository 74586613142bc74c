// SPDX-License-Identifier: Apache-2.0
#include "devices/stream_fifo/stream_fifo.h"

#include <fmt/format.h>

namespace sb::devices {
namespace {

const std::vector<Key> keys{
    {"slot", ValueType::integer, "5", "PCI device number", {}, 0, 31},
    {"function", ValueType::integer, "0", "PCI function number", {}, 0, 7},
    {"depth",
     ValueType::choice,
     "512",
     "words of each FIFO, of which 4 are not usable",
     {"512", "1024", "2048", "4096", "8192", "16384", "32768", "65536", "131072"}},
    {"clock",
     ValueType::frequency,
     "100MHz",
     "clock of the stream: a word each",
     {},
     1'000'000,
     1'000'000'000},
    {"access_time", ValueType::duration, "40ns", "of a register access (unconfirmed)"}};

constexpr uint32_t msi_offset = 0x50;
constexpr uint64_t reset_key = 0xa5;  // PG080: TDFR, RDFR, SRR
constexpr uint32_t unusable_words = 4;

uint32_t words_of(uint64_t bytes) { return static_cast<uint32_t>((bytes + 3) / 4); }

}  // namespace

const bus::DeviceModel stream_fifo{
    "axi-stream-fifo", "AXI4-Stream FIFO in loopback (a target for key-hole transfers)",
    "Xilinx PG080 v4.3, AXI4-Stream FIFO", keys,
    [](const bus::DeviceContext& c) { return std::make_unique<StreamFifo>(c); }};
SOUTHBRIDGE_DEVICE(stream_fifo)

StreamFifo::StreamFifo(const bus::DeviceContext& context)
    : Device{context},
      clock_{context.config.clock("clock")},
      function_{*this,
                pci::bus_of(context),
                {static_cast<unsigned>(context.config.integer("slot")),
                 static_cast<unsigned>(context.config.integer("function"))},
                {.vendor = 0x10ee, .device = 0x7080, .class_code = 0xff0000, .interrupt_pin = 1}},
      bank_{*this,
            {.name = "registers",
             .size = 0x1000,
             .access_time = context.config.duration("access_time")}},
      status_{bank_,
              {.name = "ISR", .offset = 0x00, .reset = 0x01800000, .doc = "interrupt status"},
              {.write = [this](uint64_t) { update_interrupt(); }}},
      enable_{bank_,
              {.name = "IER", .offset = 0x04, .doc = "interrupt enable"},
              {.write = [this](uint64_t) { update_interrupt(); }}},
      transmit_reset_{bank_,
                      {.name = "TDFR",
                       .offset = 0x08,
                       .access = bus::wo,
                       .doc = "transmit FIFO reset",
                       .effect = "A5h resets the transmit side"},
                      {.write =
                           [this](uint64_t v) {
                               if (v == reset_key) reset_transmitter();
                           }}},
      vacancy_{bank_,
               {.name = "TDFV", .offset = 0x0c, .access = bus::ro, .doc = "transmit FIFO vacancy"},
               {.read = [this] { return uint64_t{transmit_.room()}; }}},
      transmit_data_{bank_,
                     {.name = "TDFD",
                      .offset = 0x10,
                      .access = bus::wo,
                      .doc = "transmit data",
                      .effect = "adds a word",
                      .whole = true},
                     {.write = [this](uint64_t v) { data_written(v); }}},
      transmit_length_{bank_,
                       {.name = "TLR",
                        .offset = 0x14,
                        .access = bus::wo,
                        .doc = "transmit length, bytes",
                        .effect = "sends the packet",
                        .whole = true},
                       {.write = [this](uint64_t v) { length_written(v); }}},
      receive_reset_{bank_,
                     {.name = "RDFR",
                      .offset = 0x18,
                      .access = bus::wo,
                      .doc = "receive FIFO reset",
                      .effect = "A5h resets the receive side"},
                     {.write =
                          [this](uint64_t v) {
                              if (v == reset_key) reset_receiver();
                          }}},
      occupancy_{
          bank_,
          {.name = "RDFO", .offset = 0x1c, .access = bus::ro, .doc = "receive FIFO occupancy"},
          {.read = [this] { return occupancy(); }}},
      receive_data_{bank_,
                    {.name = "RDFD",
                     .offset = 0x20,
                     .access = bus::ro,
                     .doc = "receive data",
                     .effect = "takes a word",
                     .whole = true},
                    {.read = [this] { return read_data(); }}},
      receive_length_{bank_,
                      {.name = "RLR",
                       .offset = 0x24,
                       .access = bus::ro,
                       .doc = "receive length, bytes",
                       .effect = "takes the next packet's size",
                       .whole = true},
                      {.read = [this] { return read_length(); }}},
      reset_{bank_,
             {.name = "SRR",
              .offset = 0x28,
              .access = bus::wo,
              .doc = "stream reset",
              .effect = "A5h resets both sides"},
             {.write =
                  [this](uint64_t v) {
                      if (v != reset_key) return;
                      reset_transmitter();
                      reset_receiver();
                  }}},
      sent_name_{context.board.stream.intern("packet sent")} {
    const size_t words = std::stoul(context.config.text("depth")) - unusable_words;
    for (Ring* ring : {&transmit_, &receive_, &transmit_sizes_, &receive_sizes_})
        ring->words.resize(words);
    declare("transmit", transmit_);
    declare("receive", receive_);
    declare("transmit_sizes", transmit_sizes_);
    declare("receive_sizes", receive_sizes_);
    function_.add_base(0, pci::Function::Space::memory, 0x1000, bank_.socket(), context.name);
    function_.add_msi(msi_offset);
}

void StreamFifo::declare(const char* name, Ring& ring) {
    declare_state(name, [name, &ring](Archive& archive) {
        const std::string prefix = name;
        archive.value(prefix + ".head", ring.head);
        archive.value(prefix + ".count", ring.count);
        archive.sparse(prefix + ".words", {reinterpret_cast<uint8_t*>(ring.words.data()),
                                           ring.words.size() * sizeof(uint32_t)});
    });
}

void StreamFifo::reset() {
    Device::reset();
    reset_transmitter();
    reset_receiver();
    update_interrupt();
}

uint32_t StreamFifo::Ring::pop() {
    const uint32_t word = words[head];
    head = static_cast<uint32_t>((head + 1) % words.size());
    --count;
    return word;
}

// ---- Transmit

void StreamFifo::data_written(uint64_t word) {
    if (stopped_ || transmit_.room() == 0) {
        finding(
            "TDFD was written while the transmit FIFO was full or stopped: the word is lost "
            "(TPOE)");
        stopped_ = true;
        return raise(transmit_full_);
    }
    transmit_.push(static_cast<uint32_t>(word));
    written_ = written_ + 1;
}

void StreamFifo::length_written(uint64_t bytes) {
    if (stopped_) {
        finding("TLR was written while the transmit side was stopped by an error: ignored");
        return;
    }
    if (bytes == 0 || words_of(bytes) != written_) {
        finding("TLR differs from the words written: the transmit side stops (TSE)",
                [&] { return fmt::format("{} bytes, {} words", bytes, written_.get()); });
        stopped_ = true;
        return raise(transmit_size_);
    }
    written_ = 0;
    transmit_sizes_.push(static_cast<uint32_t>(bytes));
    stream();
}

/// Sends the next packet, if one waits and none is on its way.
void StreamFifo::stream() {
    if (stream_.armed() || across_ || transmit_sizes_.count == 0) return;
    const uint32_t bytes = transmit_sizes_.words[transmit_sizes_.head];
    stream_.arm_after(clock_.cycles(words_of(bytes)));
}

void StreamFifo::crossed() {
    const uint32_t bytes = transmit_sizes_.words[transmit_sizes_.head];
    const uint32_t words = words_of(bytes);
    across_ = receive_.room() < words || receive_sizes_.room() == 0;
    if (across_) return;
    transmit_sizes_.pop();
    receive_sizes_.push(bytes);
    for (uint32_t i = 0; i < words; ++i) receive_.push(transmit_.pop());
    latest_ = words;
    ++packets_;
    bytes_ += bytes;
    probe().emit(now(), observe::Kind::device, sent_name_, bytes);
    raise(sent_);
    raise(received_);
    stream();
}

void StreamFifo::reset_transmitter() {
    stream_.cancel();
    transmit_.clear();
    transmit_sizes_.clear();
    written_ = 0;
    stopped_ = across_ = false;
    raise(transmit_ready_);
}

// ---- Receive

uint64_t StreamFifo::read_length() {
    if (receive_sizes_.count == 0) {
        finding("RLR was read without a packet (RPURE)");
        raise(receive_size_);
        return 0;
    }
    const uint32_t bytes = receive_sizes_.pop();
    left_ = left_ + words_of(bytes);
    if (across_) crossed();
    return bytes;
}

uint64_t StreamFifo::read_data() {
    if (receive_.count == 0) {
        finding("RDFD was read without data (RPUE)");
        raise(receive_empty_);
        return 0;
    }
    if (left_ > 0) {
        left_ = left_ - 1;
    } else {
        finding("RDFD was read beyond the packet whose size was read (RPORE)");
        raise(receive_over_);
    }
    const uint32_t word = receive_.pop();
    if (across_) crossed();
    return word;
}

/// Words of the packet received last where there are several, of all that is left otherwise (PG080,
/// RDFO).
uint64_t StreamFifo::occupancy() const {
    const uint32_t packets = receive_sizes_.count + (left_ > 0 ? 1 : 0);
    return packets > 1 ? latest_.get() : receive_.count;
}

void StreamFifo::reset_receiver() {
    receive_.clear();
    receive_sizes_.clear();
    left_ = latest_ = 0;
    raise(receive_ready_);
    if (across_) crossed();
}

// ---- Interrupt

void StreamFifo::raise(bus::Field& bit) {
    bit = 1;
    update_interrupt();
}

void StreamFifo::update_interrupt() { function_.interrupt((status_ & enable_) != 0); }

}  // namespace sb::devices
