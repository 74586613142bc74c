// SPDX-License-Identifier: Apache-2.0
#include "devices/cmos/cmos.h"

#include <array>

#include "bus/isa.h"

namespace sb::devices {
namespace {

constexpr uint64_t update_ticks = 65, warning_ticks = 8;
constexpr uint64_t divider_running = 2;

// Locations of time and alarm.
enum At : unsigned {
    at_second,
    at_second_alarm,
    at_minute,
    at_minute_alarm,
    at_hour,
    at_hour_alarm,
    at_weekday,
    at_day,
    at_month,
    at_year,
    time_bytes
};

bus::Register::Spec spec(const char* name, uint32_t offset, bus::Access access, uint64_t reset,
                         const char* doc, const char* effect = "") {
    return {.name = name,
            .offset = offset,
            .bits = 8,
            .access = access,
            .reset = reset,
            .doc = doc,
            .effect = effect};
}

std::vector<Key> keys() {
    return {
        bus::port_key("port", "0x70", "the index port; the data port follows"),
        {"start", ValueType::text, "2024-01-01 00:00:00",
         "what the clock shows when the run begins"},
        {"memory",
         ValueType::size,
         "0B",
         "memory size that firmware finds; 0B: what is mapped at address 0",
         {},
         0,
         uint64_t{1} << 32},
        {"boot", ValueType::text, "disk,cdrom",
         "boot order: up to three of floppy, disk, cdrom, network"},
        {"cpus", ValueType::integer, "1", "number of processors that firmware finds", {}, 1, 255},
        bus::isa_access_time()};
}

}  // namespace

const bus::DeviceModel cmos{"cmos", "MC146818 real-time clock and CMOS memory",
                            "Motorola MC146818A datasheet; IBM PC/AT Technical Reference", keys(),
                            [](const bus::DeviceContext& c) { return std::make_unique<Cmos>(c); }};
SOUTHBRIDGE_DEVICE(cmos)

Cmos::Cmos(const bus::DeviceContext& context)
    : Device{context},
      clock_{second},
      bank_{*this,
            {.name = "ports",
             .size = 2,
             .access_time = context.config.duration("access_time"),
             .hole = ~uint64_t{0}}},
      index_{bank_,
             spec("INDEX", 0, bus::wo, 0, "which byte, and the NMI mask"),
             {.write = [this](uint64_t) { nmi_mask_.set(nmi_off_ != 0); }}},
      data_{
          bank_,
          spec("DATA", 1, bus::rw, 0, "the byte"),
          {.read = [this] { return read_data(); }, .write = [this](uint64_t v) { write_data(v); }}},
      memory_bank_{*this, {.name = "memory", .size = memory_bytes}},
      time_{memory_bank_,
            spec("TIME", 0, bus::rw, 0,
                 "second, its alarm, minute, alarm, hour, alarm, weekday, day, month, year"),
            time_bytes, 1},
      a_{memory_bank_, spec("A", 0x0a, bus::rw, 0x26, "divider and rate")},
      b_{memory_bank_, spec("B", 0x0b, bus::rw, 0x02, "modes and interrupt enables")},
      c_{memory_bank_,
         spec("C", 0x0c, bus::ro, 0, "interrupt flags", "clears them"),
         {.read = [this] { return read_flags(); }}},
      d_{memory_bank_, spec("D", 0x0d, bus::ro, 0x80, "battery")},
      layouts_{*this, {.name = "layouts", .size = 1}},
      hour_{layouts_, spec("HOUR", 0, bus::rw, 0, "an hour or alarm byte")},
      memory_{memory_bank_, spec("RAM", first_memory, bus::rw, 0, "battery-backed memory"),
              memory_bytes - first_memory, 1} {
    unsigned century = 0;
    try {
        store(parse_calendar(context.config.text("start"), century));
    } catch (const Error& error) {
        throw Error(fmt::format("{}: start: {}", context.name, error.what()));
    }
    set_byte(0x32, coded(century));
    fill_memory(context);
    irq_.connect(context.board.line("irq8"));
    nmi_mask_.connect(context.board.line("nmi.mask"));
    bus::claim_ports(context, bank_, context.config.integer("port"));
}

void Cmos::reset() {
    advance();
    bank_.reset();
    // MC146818A, "RESET": enables and flags are cleared; time, memory and modes stay.
    periodic_enable_ = alarm_enable_ = update_enable_ = square_wave_ = 0;
    c_ = 0;
    nmi_mask_.set(false);
    rearm();
}

// ---- Numbers as the mode has them

uint64_t Cmos::number(uint64_t value) const {
    return binary_ ? value : value / 16 * 10 + value % 16;
}
uint64_t Cmos::coded(uint64_t value) const {
    return binary_ ? value : value / 10 * 16 + value % 10;
}

unsigned Cmos::hour(uint64_t value) const {
    if (hours24_) return static_cast<unsigned>(number(value));
    return static_cast<unsigned>(number(hour_number_.of(value)) % 12 + (pm_.of(value) ? 12 : 0));
}

uint64_t Cmos::coded_hour(unsigned hour) const {
    if (hours24_) return coded(hour);
    return coded((hour + 11) % 12 + 1) + pm_.make(hour >= 12);
}

Calendar Cmos::load() const {
    auto at = [this](unsigned index) {
        return static_cast<unsigned>(number(time_[index].value()));
    };
    return {at(at_second), at(at_minute), hour(time_[at_hour]), at(at_weekday),
            at(at_day),    at(at_month),  at(at_year)};
}

void Cmos::store(const Calendar& c) {
    time_[at_second] = coded(c.second);
    time_[at_minute] = coded(c.minute);
    time_[at_hour] = coded_hour(c.hour);
    time_[at_weekday] = coded(c.weekday);
    time_[at_day] = coded(c.day);
    time_[at_month] = coded(c.month);
    time_[at_year] = coded(c.year);
}

// ---- The divider chain

/// Ticks between two edges of the periodic rate, or 0 (table 5).
uint64_t Cmos::period() const {
    static constexpr std::array<uint64_t, 16> ticks{0,   128, 256, 4,    8,    16,   32,   64,
                                                    128, 256, 512, 1024, 2048, 4096, 8192, 16384};
    return running_ ? ticks[rate_] : 0;
}

uint64_t Cmos::edges_until(uint64_t tick) const {
    return period() == 0 ? 0 : (tick + second - first_ % second) / period();
}

/// How many update cycles have ended by `tick`.
uint64_t Cmos::updates_until(uint64_t tick) const {
    const uint64_t end = end_of_update(0);
    return running_ && tick >= end ? (tick - end) / second + 1 : 0;
}

uint64_t Cmos::end_of_update(uint64_t number) const {
    return first_ + number * second + update_ticks;
}

/// An update is in progress, or will be within `lead` ticks.
bool Cmos::updating(uint64_t lead) const {
    const uint64_t tick = seen_ + lead;
    return running_ && !set_ && tick >= first_ && (tick - first_) % second < update_ticks + lead;
}

bool Cmos::alarm(unsigned index, unsigned value) const {
    constexpr uint64_t any = 3;
    const uint64_t wanted = time_[index];
    if (any_.of(wanted) == any) return true;
    return (index == at_hour_alarm ? hour(wanted) : number(wanted)) == value;
}

/// Seconds from the time shown to the alarm's next match, at least 1; `never` where it has none.
uint64_t Cmos::seconds_to_alarm() const {
    Calendar c = load();
    c.normalise();
    constexpr uint64_t day = Calendar::seconds_a_day;
    const uint64_t from = c.second_of_day();
    for (uint64_t ahead = 1; ahead <= day;) {
        const auto at = static_cast<unsigned>((from + ahead) % day);
        if (!alarm(at_hour_alarm, at / 3600))
            ahead += 3600 - at % 3600;
        else if (!alarm(at_minute_alarm, at / 60 % 60))
            ahead += 60 - at % 60;
        else if (!alarm(at_second_alarm, at % 60))
            ++ahead;
        else
            return ahead;
    }
    return never;
}

/// Counts all that has happened since the last call.
void Cmos::advance() {
    const uint64_t tick = clock_.last(now());
    if (tick <= seen_) return;
    if (edges_until(tick) > edges_until(seen_)) periodic_flag_ = 1;
    const uint64_t seconds = set_ ? 0 : updates_until(tick) - updates_until(seen_);
    seen_ = tick;
    if (seconds > 0) {
        update_flag_ = 1;
        if (seconds_to_alarm() <= seconds) alarm_flag_ = 1;
        Calendar c = load();
        if (!c.normalise())
            finding("the clock was set to what is no time: it goes on from the nearest");
        c.advance(seconds);
        store(c);
    }
}

/// Sets the interrupt line, and waits for what will raise it.
void Cmos::rearm() {
    request_ = (periodic_flag_ && periodic_enable_) || (alarm_flag_ && alarm_enable_) ||
               (update_flag_ && update_enable_);
    irq_.set(request_ != 0);
    uint64_t next = never;
    if (!request_ && running_) {
        if (periodic_enable_ && period() != 0)
            next = (edges_until(seen_) + 1) * period() - (second - first_ % second);
        const uint64_t update = updates_until(seen_);
        if (update_enable_ && !set_) next = std::min(next, end_of_update(update));
        if (alarm_enable_ && !set_)
            if (const uint64_t ahead = seconds_to_alarm(); ahead != never)
                next = std::min(next, end_of_update(update + ahead - 1));
    }
    next == never ? edge_.cancel() : edge_.arm_at(clock_.at(next));
}

// ---- Ports

uint64_t Cmos::read_data() {
    advance();
    look_at_time();
    uip_ = updating(warning_ticks);
    return memory_bank_.read(static_cast<uint32_t>(address_), 1);
}

void Cmos::look_at_time() {
    if (address_ < time_bytes && updating(0))
        finding("a time register was read during an update (UIP was not looked at)");
}

void Cmos::write_data(uint64_t value) {
    advance();
    memory_bank_.write(static_cast<uint32_t>(address_), 1, value);
    divider_written();
    rearm();
}

/// The first update after the chain was started is half a second away.
void Cmos::divider_written() {
    const bool runs = divider_ == divider_running;
    if (runs && !running_) first_ = seen_ + second / 2;
    running_ = runs;
    // SET also takes back an enabled update interrupt.
    if (set_) update_enable_ = 0;
}

uint64_t Cmos::read_flags() {
    const uint64_t value = c_;
    c_ = 0;
    rearm();
    return value;
}

}  // namespace sb::devices
