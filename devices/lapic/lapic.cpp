// SPDX-License-Identifier: Apache-2.0
#include "devices/lapic/lapic.h"

#include <algorithm>

#include "bus/isa.h"

namespace sb::devices {
namespace {

constexpr uint64_t mapped_bytes = 4096;
constexpr uint8_t first_legal_vector = 16;
constexpr uint8_t vectors_per_class = 16;
constexpr uint64_t broadcast_p6 = 0xf, broadcast_all = 0xff, flat_model = 0xf;
constexpr uint64_t last_entry = 4u << 16;  // 10.4.8: five LVT entries

unsigned class_of(unsigned vector) { return vector / vectors_per_class; }

bus::DeliveryMode mode_of(const bus::Field& field) {
    return static_cast<bus::DeliveryMode>(field.get());
}

bus::Register::Spec spec(const char* name, uint32_t offset, bus::Access access, uint64_t reset,
                         const char* doc, const char* effect = "") {
    return {.name = name,
            .offset = offset,
            .bits = 32,
            .access = access,
            .reset = reset,
            .doc = doc,
            .effect = effect};
}

}  // namespace

const bus::DeviceModel lapic{
    "lapic",
    "local APIC of a processor",
    "Intel Software Developer's Manual, volume 3A (253668), chapter 10",
    {{"address", ValueType::integer, "0xfee00000", "first physical address"},
     {"id", ValueType::integer, "0", "physical identity", {}, 0, 14},
     {"timer_clock", ValueType::frequency, "33.333333MHz",
      "clock of the timer before its divider: the processor's bus clock"},
     {"version",
      ValueType::integer,
      "0x11",
      "what VERSION says; from 0x14 on, software takes ids for unique per kind of APIC",
      {},
      0x10,
      0x1f},
     {"enabled", ValueType::boolean, "true", "enabled by hardware; else LINT0 is INTR"},
     {"handoff",
      ValueType::choice,
      "none",
      "state at reset: of the hardware, or virtual wire mode as firmware leaves it",
      {"none", "virtual-wire"}}},
    [](const bus::DeviceContext& c) { return std::make_unique<LocalApic>(c); }};
SOUTHBRIDGE_DEVICE(lapic)

LocalApic::LocalVector::LocalVector(bus::RegisterBank& bank, const char* name, uint32_t offset,
                                    const char* doc, std::function<void()> written)
    : reg{bank, spec(name, offset, bus::rw, 0x10000, doc), {.write = [written](uint64_t) {
              written();
          }}} {}

// Offsets: table 10-1; reset values: 10.4.7.1, "Local APIC State After Power-Up Reset".
LocalApic::LocalApic(const bus::DeviceContext& context)
    : Device{context},
      board_{context.board},
      apic_bus_{context.board.shared<bus::ApicBus>("apic.bus")},
      timer_clock_{context.config.clock("timer_clock")},
      home_{context.config.integer("address")},
      present_{context.config.boolean("enabled")},
      virtual_wire_{context.config.text("handoff") == "virtual-wire"},
      bank_{*this,
            {.name = "registers",
             .size = mapped_bytes,
             .on_hole = [this](uint32_t, bool) { error(illegal_register_); }}},
      id_{bank_, spec("ID", 0x20, bus::rw, 0, "identity")},
      version_{bank_, spec("VERSION", 0x30, bus::ro, last_entry | context.config.integer("version"),
                           "version and last LVT entry")},
      task_priority_{bank_,
                     spec("TPR", 0x80, bus::rw, 0, "task priority"),
                     {.write = [this](uint64_t) { update(); }}},
      arbitration_{bank_,
                   spec("APR", 0x90, bus::ro, 0, "arbitration priority"),
                   {.read = [this] { return arbitration_priority(); }}},
      processor_priority_{bank_,
                          spec("PPR", 0xa0, bus::ro, 0, "processor priority"),
                          {.read = [this] { return processor_priority(); }}},
      eoi_{bank_,
           spec("EOI", 0xb0, bus::wo, 0, "end of interrupt", "ends the one in service"),
           {.write = [this](uint64_t) { end_of_interrupt(); }}},
      logical_destination_{bank_, spec("LDR", 0xd0, bus::rw, 0, "logical destination")},
      destination_format_{bank_, spec("DFR", 0xe0, bus::rw, 0xffffffff, "destination format")},
      spurious_{bank_,
                spec("SVR", 0xf0, bus::rw, 0xff, "spurious vector and enable"),
                {.write = [this](uint64_t) { local_vector_written(); }}},
      in_service_{bank_, "ISR", 0x100, "vectors in service"},
      trigger_{bank_, "TMR", 0x180, "accepted as level-triggered"},
      requests_{bank_, "IRR", 0x200, "vectors requested"},
      error_status_{bank_,
                    spec("ESR", 0x280, bus::rw, 0, "errors", "a write brings it up to date"),
                    {.write = [this](uint64_t) { write_error_status(); }}},
      command_{bank_,
               spec("ICR_LOW", 0x300, bus::rw, 0, "interrupt command", "sends a message"),
               {.write = [this](uint64_t) { send(); }}},
      command_high_{bank_, spec("ICR_HIGH", 0x310, bus::rw, 0, "interrupt command, destination")},
      timer_entry_{bank_, "LVT_TIMER", 0x320, "timer interrupt",
                   [this] { local_vector_written(); }},
      counters_entry_{bank_, "LVT_PERF", 0x340, "performance counters: no source",
                      [this] { local_vector_written(); }},
      lint0_entry_{bank_, "LVT_LINT0", 0x350, "LINT0", [this] { local_vector_written(); }},
      lint1_entry_{bank_, "LVT_LINT1", 0x360, "LINT1", [this] { local_vector_written(); }},
      error_entry_{bank_, "LVT_ERROR", 0x370, "error interrupt",
                   [this] { local_vector_written(); }},
      initial_count_{bank_,
                     spec("INITIAL_COUNT", 0x380, bus::rw, 0, "timer", "starts the timer"),
                     {.write = [this](uint64_t v) { start_timer(v); }}},
      current_count_{bank_,
                     spec("CURRENT_COUNT", 0x390, bus::ro, 0, "timer"),
                     {.read = [this] { return current_count(); }}},
      divide_{
          bank_, spec("DIVIDE", 0x3e0, bus::rw, 0, "timer divider"), {.write = [this](uint64_t) {
              // What is left of the count goes on with the new divider.
              rebase_timer();
              tick_ = divided_tick();
              start_timer(start_count_);
          }}} {
    board_.line("pic.intr").connect(*this, lint0);
    board_.line("lint1").connect(*this, lint1);
    intr_.connect(board_.line("intr"));
    nmi_.connect(board_.line("nmi"));
    smi_.connect(board_.line("smi"));
    init_.connect(board_.line("init"));
    board_.offer<bus::InterruptAcknowledge>("intr.acknowledge", *this);
    apic_id_ = context.config.integer("id");
    apic_bus_.add(*this);
    lint0_level_ = board_.line("pic.intr").asserted();
    lint1_level_ = board_.line("lint1").asserted();
    enabled_ = present_;
    address_ = home_;
    if (!present_) return;
    if (home_ % mapped_bytes != 0)
        throw Error(
            fmt::format("{}: the address {:#x} is not that of a page", context.name, home_));
    if (std::string clash = board_.memory.clash(home_, mapped_bytes); !clash.empty())
        throw Error(fmt::format("{}: registers {}", context.name, clash));
    outlet_ = board_.memory.attach(bank_.socket());
    board_.offer<bus::ApicPlacement>("apic.placement", *this);
    remap();
    declare_state("placement", [this](Archive& a) {
        if (a.loading()) remap();
    });
}

/// Where the processor's APIC base register says. Moved onto something else, it is behind that.
void LocalApic::remap() {
    if (range_) board_.memory.unmap(*range_);
    range_.reset();
    if (enabled_)
        range_ = board_.memory.map(address_, mapped_bytes, outlet_,
                                   std::string{basename()} + " registers");
}

void LocalApic::place(uint64_t address, bool enabled) {
    if (!present_ || (address == address_ && enabled == enabled_)) return;
    address_ = address;
    const bool changed = enabled != enabled_;
    enabled_ = enabled;
    remap();
    if (changed) reset();
}

void LocalApic::reset() {
    const uint64_t identity = apic_id_;
    Device::reset();
    apic_id_ = identity;
    errors_ = 0;
    external_message_ = false;
    start_count_ = 0;
    tick_ = divided_tick();
    repeats_ = false;
    expiry_.cancel();
    if (virtual_wire_ && enabled_) {
        software_enable_ = 1;
        lint0_entry_.mode = static_cast<uint64_t>(bus::DeliveryMode::external);
        lint0_entry_.mask = 0;
        lint1_entry_.mode = static_cast<uint64_t>(bus::DeliveryMode::nmi);
        lint1_entry_.mask = 0;
    }
    update();
}

// ---- Priorities and acceptance (10.8.3)

/// 10.8.3.1: the greater class of TPR and of what is in service.
uint8_t LocalApic::processor_priority() const {
    const unsigned task = static_cast<unsigned>(task_class_);
    const unsigned service = in_service_.highest().value_or(0);
    return static_cast<uint8_t>(
        class_of(task) >= class_of(service) ? task : class_of(service) * vectors_per_class);
}

/// 10.6.2.4: as PPR, but what is requested counts too.
uint8_t LocalApic::arbitration_priority() const {
    const unsigned task = static_cast<unsigned>(task_class_);
    const unsigned service = class_of(in_service_.highest().value_or(0));
    const unsigned request = class_of(requests_.highest().value_or(0));
    if (class_of(task) >= request && class_of(task) > service) return static_cast<uint8_t>(task);
    return static_cast<uint8_t>(std::max(class_of(task) & service, request) * vectors_per_class);
}

/// The request that the processor may be interrupted for.
std::optional<uint8_t> LocalApic::deliverable() const {
    const auto vector = requests_.highest();
    if (!vector || class_of(*vector) <= class_of(processor_priority())) return std::nullopt;
    return vector;
}

bool LocalApic::external_pending() const {
    if (!enabled_) return lint0_level_;
    auto passes = [](const LocalVector& entry) {
        return !entry.mask && mode_of(entry.mode) == bus::DeliveryMode::external;
    };
    return (lint0_level_ && passes(lint0_entry_)) || (lint1_level_ && passes(lint1_entry_)) ||
           external_message_;
}

void LocalApic::update() { intr_.set(external_pending() || deliverable().has_value()); }

uint8_t LocalApic::acknowledge(sc_core::sc_time& delay) {
    if (external_pending()) {
        external_message_ = false;
        auto* pic = board_.find<bus::InterruptAcknowledge>("pic.acknowledge");
        if (pic && pic != this) {
            const uint8_t vector = pic->acknowledge(delay);
            ++accepted_;
            update();
            return vector;
        }
        finding("an ExtINT request came, but no 8259A is there to give a vector");
    }
    const auto vector = deliverable();
    if (!vector) {
        // 10.9: the spurious vector sets no bit in service, and wants no EOI.
        ++spurious_count_;
        update();
        probe().emit(now(), observe::Kind::acknowledge, static_cast<uint8_t>(spurious_));
        return static_cast<uint8_t>(spurious_);
    }
    ++accepted_;
    probe().emit(now(), observe::Kind::acknowledge, *vector);
    requests_.set(*vector, false);
    in_service_.set(*vector, true);
    update();
    return *vector;
}

bool LocalApic::request(uint8_t vector, bool level) {
    if (vector < first_legal_vector) {
        error(receive_illegal_);
        return true;
    }
    requests_.set(vector, true);
    trigger_.set(vector, level);
    update();
    return true;
}

void LocalApic::end_of_interrupt() {
    const auto vector = in_service_.highest();
    if (!vector) return;  // as after a spurious interrupt
    probe().emit(now(), observe::Kind::end_of_interrupt, *vector);
    in_service_.set(*vector, false);
    if (trigger_.has(*vector)) {
        for (LocalVector* entry : {&lint0_entry_, &lint1_entry_})
            if (entry->remote && entry->vector == *vector) entry->remote = 0;
        apic_bus_.broadcast_end(*vector);
        lint_changed(lint0);
        lint_changed(lint1);
    }
    update();
}

// ---- Messages (10.6)

bool LocalApic::addressed(const bus::ApicMessage& message) const {
    if (!message.logical)
        return message.destination == apic_id_ || message.destination == broadcast_p6 ||
               message.destination == broadcast_all;
    if (message.destination == broadcast_all) return true;
    if (model_ == flat_model) return (message.destination & logical_id_) != 0;
    return logical_cluster_.of(logical_id_.make(message.destination)) == logical_cluster_ &&
           (logical_member_.of(logical_id_.make(message.destination)) & logical_member_) != 0;
}

bool LocalApic::accept(const bus::ApicMessage& message) {
    using Mode = bus::DeliveryMode;
    if (!enabled_) return false;
    switch (message.mode) {
        case Mode::fixed:
        case Mode::lowest_priority:
            // 10.4.7.2: an APIC disabled by software takes NMI, SMI, INIT and start-up only.
            return software_enable_ && request(message.vector, message.level_triggered);
        case Mode::smi:
            smi_.pulse();
            return true;
        case Mode::nmi:
            nmi_.pulse();
            return true;
        case Mode::init:
            if (message.asserted || !message.level_triggered) init_.pulse();
            return true;
        case Mode::external:
            external_message_ = true;
            update();
            return true;
        case Mode::startup:
            finding("a start-up message came to a processor that is running (ignored)");
            return true;
        case Mode::reserved:
            break;
    }
    return false;
}

/// Of the APIC's own: no interrupt line of the board is behind it.
void LocalApic::say_message(uint8_t vector) const {
    probe().emit(now(), observe::Kind::interrupt_message, vector, observe::no_input);
}

void LocalApic::send() {
    using Mode = bus::DeliveryMode;
    enum : uint64_t { named, self, everybody, others };
    bus::ApicMessage message{static_cast<uint8_t>(command_vector_),
                             mode_of(command_mode_),
                             command_level_ != 0,
                             command_assert_ != 0,
                             command_logical_ != 0,
                             static_cast<uint8_t>(destination_)};
    const bool by_vector = message.mode == Mode::fixed || message.mode == Mode::lowest_priority;
    if (by_vector && message.vector < first_legal_vector) {
        error(send_illegal_);
        return;
    }
    // Table 10-4: shorthands that reach the sender allow fixed messages only.
    if ((shorthand_ == self || shorthand_ == everybody) && message.mode != Mode::fixed) {
        finding("ICR: this delivery mode can not be sent to oneself (ignored)");
        return;
    }
    // 10.6.1: messages of the ICR are edges, save the INIT level de-assert.
    message.level_triggered = message.level_triggered && message.mode == Mode::init;
    if (by_vector) say_message(message.vector);
    if (shorthand_ == self) {
        accept(message);
        return;
    }
    if (shorthand_ != named) {
        message.logical = false;
        message.destination = broadcast_all;
    }
    if (!apic_bus_.send(message, shorthand_ == others ? this : nullptr) && shorthand_ != others)
        error(send_accept_);
}

// ---- The local vector table (10.5.1)

void LocalApic::raise(LocalVector& entry) {
    if (entry.mask || !enabled_) return;
    const auto mode = mode_of(entry.mode);
    if (mode == bus::DeliveryMode::external) return;  // a level: see external_pending
    const bool level = entry.level && mode == bus::DeliveryMode::fixed &&
                       (&entry == &lint0_entry_ || &entry == &lint1_entry_);
    if (level) entry.remote = 1;
    bus::ApicMessage message{static_cast<uint8_t>(entry.vector), mode, level};
    if (mode == bus::DeliveryMode::lowest_priority || mode == bus::DeliveryMode::startup ||
        mode == bus::DeliveryMode::reserved) {
        finding("an LVT entry has a delivery mode that it can not have (ignored)");
        return;
    }
    if (mode == bus::DeliveryMode::fixed) say_message(message.vector);
    accept(message);
}

/// Delivers what a level-triggered local pin still asks for.
void LocalApic::lint_changed(unsigned input) {
    LocalVector& entry = input == lint0 ? lint0_entry_ : lint1_entry_;
    const bool asserted = input == lint0 ? lint0_level_ : lint1_level_;
    const bool fixed = mode_of(entry.mode) == bus::DeliveryMode::fixed;
    if (asserted && fixed && entry.level && !entry.remote && !entry.mask) raise(entry);
}

void LocalApic::line_changed(unsigned input, bool asserted) {
    (input == lint0 ? lint0_level_ : lint1_level_) = asserted;
    if (!enabled_) {
        if (input == lint1) nmi_.set(asserted);
    } else {
        LocalVector& entry = input == lint0 ? lint0_entry_ : lint1_entry_;
        const bool by_level = entry.level && mode_of(entry.mode) == bus::DeliveryMode::fixed;
        if (by_level)
            lint_changed(input);
        else if (asserted)
            raise(entry);
    }
    update();
}

void LocalApic::local_vector_written() {
    // 10.4.7.2: while the APIC is disabled by software the mask bits are set and stay so.
    if (!software_enable_)
        for (LocalVector* entry :
             {&timer_entry_, &counters_entry_, &lint0_entry_, &lint1_entry_, &error_entry_})
            entry->mask = 1;
    for (LocalVector* entry : {&lint0_entry_, &lint1_entry_})
        if (!entry->level) entry->remote = 0;
    lint_changed(lint0);
    lint_changed(lint1);
    rebase_timer();
    repeats_ = timer_entry_.periodic != 0;
    rearm_timer();
    update();
}

/// 10.5.3: an error shows in ESR once ESR is written, and raises the error interrupt at once.
void LocalApic::error(const bus::Field& kind) {
    const uint64_t bit = kind.make();
    const bool fresh = (errors_ & bit) == 0;
    errors_ = errors_ | bit;
    if (fresh) raise(error_entry_);
}

void LocalApic::write_error_status() {
    error_status_ = errors_.get();
    errors_ = 0;
}

// ---- Timer (10.5.4)

/// Divide configuration: 000 to 110 are 2 to 128, 111 is 1.
Time LocalApic::divided_tick() const {
    const uint64_t code = (divide_high_ * 4 + divide_low_ + 1) % 8;
    return timer_clock_.cycles(uint64_t{1} << code);
}

uint64_t LocalApic::current_count() const {
    const uint64_t gone = (now() - counted_from_) / tick_;
    if (gone < start_count_) return start_count_ - gone;
    if (start_count_ == 0 || !repeats_ || initial_count_ == 0) return 0;
    return initial_count_ - (gone - start_count_) % initial_count_;
}

void LocalApic::start_timer(uint64_t count) {
    counted_from_ = now();
    start_count_ = count;
    rearm_timer();
}

/// Moves the origin of the count to its last tick, which changes nothing that can be seen.
void LocalApic::rebase_timer() {
    const uint64_t left = current_count();
    counted_from_ = counted_from_.get() + tick_.get() * ((now() - counted_from_) / tick_);
    start_count_ = left;
}

/// Waits for the end of the count, where it would interrupt. A masked timer counts unobserved.
void LocalApic::rearm_timer() {
    if (start_count_ == 0 || timer_entry_.mask)
        expiry_.cancel();
    else
        expiry_.arm_at(counted_from_.get() + tick_.get() * start_count_);
}

void LocalApic::timer_expired() {
    rebase_timer();
    rearm_timer();
    raise(timer_entry_);
}

}  // namespace sb::devices
