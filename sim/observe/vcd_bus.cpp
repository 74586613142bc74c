// SPDX-License-Identifier: Apache-2.0
//
// The buses on the waveform.
#include <algorithm>

#include "sim/observe/vcd.h"

namespace sb::observe {
namespace {

/// C/BE[3:0]# in the address phase (PCI 2.2, 3.1.1), by Command.
constexpr std::array<uint8_t, static_cast<size_t>(Command::count_)> pci_command{
    0x6, 0x7, 0x2, 0x3, 0xa, 0xb, 0xe, 0xc, 0xf, 0x7};
constexpr uint64_t all_bytes = 0;  // byte enables are low: all of them

}  // namespace

VcdWriter::Signal& VcdWriter::high_part(Wide& wide, const char* scope, const char* name,
                                        uint64_t value) {
    if (wide.high == VcdFile::none && value >> 32) wide.high = add_bits(scope, name, 32);
    return wide.high;
}

void VcdWriter::set_wide(Wide& wide, const char* scope, const char* name, uint64_t value) {
    file_.set(wide.low, value & 0xffffffff);
    file_.set(high_part(wide, scope, name, value), value >> 32);
}

void VcdWriter::release_wide(const Wide& wide) {
    file_.release(wide.low);
    file_.release(wide.high);
}

void VcdWriter::bus_there() {
    if (bus_.there) return;
    bus_.there = true;
    bus_.owner = file_.add(system_bus, "owner", VcdFile::text_width, {idle_, false});
    bus_.command = add_text(system_bus, "command");
    bus_.address.low = add_bits(system_bus, "address", 32);
    bus_.data.low = add_bits(system_bus, "data", 32);
    bus_.wait = add_bits(system_bus, "wait", 1);
}

/// A master asks, and has not been granted a bus yet.
void VcdWriter::request(const Stream& stream, const Event& event) {
    PerSource& source = of(stream, event.source);
    const bool pci = source.on_pci;
    Signal& signal = pci ? source.pci_request : source.request;
    if (signal == VcdFile::none)
        signal = file_.add(std::string{pci ? pci_bus : system_bus} + ".request",
                           stream.source_name(event.source), 1, {0, false});
    source.asked = true;
    file_.set(signal, 1);
    if (!source.processor || event.kind != Kind::bus_wait) return;
    cpu_there();
    cpu_.stalled_until = std::max(cpu_.stalled_until, event.at + Time::ps(event.values[0]));
    show_cpu_state();
}

void VcdWriter::tenure(const Stream& stream, const Event& event) {
    bus_there();
    PerSource& source = of(stream, event.source);
    if (source.grant == VcdFile::none)
        source.grant = file_.add(std::string{system_bus} + ".grant",
                                 stream.source_name(event.source), 1, {0, false});
    const uint64_t command = event.values[3];
    const Time length = Time::ps(event.values[2]), wait = Time::ps(event.values[5]);
    const Time end = event.at + length;
    if (source.asked) {
        source.asked = false;
        file_.set(source.request, 0);
    }
    file_.set(source.grant, 1);
    file_.set(bus_.owner, source.name);
    set_wide(bus_.address, system_bus, "address_high", event.values[0]);
    set_wide(bus_.data, system_bus, "data_high", event.values[4]);
    file_.set(bus_.command, command < commands_.size() ? commands_[command] : Text{0});
    if (wait > Time{} && wait <= length) {
        if (wait == length)
            file_.set(bus_.wait, 1);
        else
            later(end - wait, Act::set, bus_.wait, 1);
    }
    source.tenure = ++bus_.tenure;
    later(end, Act::end_tenure, event.source, source.tenure);
    if (event.kind != Kind::access) return;
    source.processor = true;
    cpu_there();
    cpu_.stalled_until = std::max(cpu_.stalled_until, end);
    show_cpu_state();
}

void VcdWriter::end_tenure(uint32_t tenure, Source source) {
    PerSource& owner = sources_[source];
    if (owner.processor) show_cpu_state();
    if (owner.tenure == tenure) file_.set(owner.grant, 0);
    // Another has begun at this very time, and its values stand.
    if (tenure != bus_.tenure) return;
    file_.set(bus_.owner, idle_);
    file_.set(bus_.command, 0);
    release_wide(bus_.address);
    release_wide(bus_.data);
    file_.set(bus_.wait, 0);
}

void VcdWriter::abandon(const Stream& stream, const Event& event) {
    const PerSource& source = of(stream, event.source);
    if (source.tenure == bus_.tenure) end_tenure(source.tenure, event.source);
    ++bus_.tenure;
}

void VcdWriter::lock(const Event& event) {
    if (bus_.lock == VcdFile::none) bus_.lock = add_bits(system_bus, "lock", 1);
    file_.set(bus_.lock, event.values[0] & 1);
}

void VcdWriter::turnaround(const Event& event) {
    bus_there();
    file_.set(bus_.owner, turnaround_);
    if (event.source >= sources_.size()) sources_.resize(event.source + size_t{1});
    later(event.at + Time::ps(event.values[0]), Act::end_tenure, event.source, ++bus_.tenure);
}

// ---- PCI

void VcdWriter::pci_there() {
    if (pci_.there) return;
    pci_.there = true;
    const auto idle_high = [&](const char* name) {
        return file_.add(pci_bus, name, 1, {1, false});
    };
    pci_.initiator = file_.add(pci_bus, "initiator", VcdFile::text_width, {idle_, false});
    pci_.command = add_text(pci_bus, "command");
    pci_.frame = idle_high("frame_n");
    pci_.irdy = idle_high("irdy_n");
    pci_.trdy = idle_high("trdy_n");
    pci_.devsel = idle_high("devsel_n");
    pci_.ad.low = add_bits(pci_bus, "ad", 32);
    pci_.cbe = add_bits(pci_bus, "cbe_n", 4);
    pci_.end = add_text(pci_bus, "ended_by");
}

void VcdWriter::pci(const Stream& stream, const Event& event) {
    pci_there();
    PerSource& source = of(stream, event.source);
    if (source.pci_grant == VcdFile::none)
        source.pci_grant = file_.add(std::string{pci_bus} + ".grant",
                                     stream.source_name(event.source), 1, {0, false});
    if (source.asked) {
        source.asked = false;
        file_.set(source.request, 0);
        file_.set(source.pci_request, 0);
    }
    source.pci = event;
    const uint64_t command = event.values[3];
    const Time end = event.at + Time::ps(event.values[2]);
    file_.set(source.pci_grant, 1);
    file_.set(pci_.initiator, source.name);
    file_.set(pci_.command, command < commands_.size() ? commands_[command] : Text{0});
    file_.set(pci_.frame, 0);
    set_wide(pci_.ad, pci_bus, "ad_high", event.values[0]);
    file_.set(pci_.cbe, command < pci_command.size() ? pci_command[command] : 0);
    file_.set(pci_.end, name(stream, event.values[5]));
    later(end, Act::set, source.pci_grant, 0);
    later(end, Act::set, pci_.initiator, idle_);
    later(end, Act::set, pci_.command, 0);
    later(end, Act::set, pci_.frame, 1);
    later(end, Act::release, pci_.ad.low);
    later(end, Act::release, pci_.ad.high);
    later(end, Act::release, pci_.cbe);
    later(end, Act::set, pci_.end, 0);
}

/// The clocks of a transaction (PCI 2.2, 3.3): the address phase, a turnaround before read data,
/// the target's initial latency, the data phases with wait states, and idle clocks.
void VcdWriter::pci_phases(const Stream& stream, const Event& event) {
    PerSource& source = of(stream, event.source);
    const Event& whole = source.pci;
    const auto [devsel, turnaround, initial, beats, waits, idle] = event.values;
    const uint64_t clocks = 1 + turnaround + initial + beats + waits + idle;
    if (!pci_.there || whole.kind != Kind::pci || whole.at != event.at || clocks == 0) return;
    const Time begin = event.at;
    const Time derived = Time::ps(whole.values[2] / clocks);
    const Time clock = pci_period_ > Time{} ? pci_period_ : derived;
    const Time whole_end = begin + Time::ps(whole.values[2]);
    const Time end = std::min(begin + clock * (clocks - idle), whole_end);
    const Time data = begin + clock * (1 + turnaround + initial);
    const Time write_data = begin + clock;
    const bool read = turnaround > 0;

    later(begin + clock, Act::set, pci_.irdy, 0);
    later(begin + clock, Act::set, pci_.cbe, all_bytes);
    const Time first = read ? data : write_data;
    high_part(pci_.ad, pci_bus, "ad_high", whole.values[4]);
    for (const Signal part : {pci_.ad.low, pci_.ad.high})
        if (read) later(begin + clock, Act::release, part);
    if (beats > 0) {
        later(first, Act::set, pci_.ad.low, whole.values[4] & 0xffffffff);
        later(first, Act::set, pci_.ad.high, whole.values[4] >> 32);
    }
    // The address phase is clock 1: a fast target claims in clock 2.
    if (devsel > 1 && begin + clock * (devsel - 1) < end)
        later(begin + clock * (devsel - 1), Act::set, pci_.devsel, 0);
    if (beats > 0) {
        later(data, Act::set, pci_.trdy, 0);
        if (waits > 0) {
            later(data + clock, Act::set, pci_.trdy, 1);
            if (beats > 1) later(data + clock * (1 + waits), Act::set, pci_.trdy, 0);
        }
    }
    // FRAME# rises with the last data phase.
    later(std::max(begin + clock, end - clock), Act::set, pci_.frame, 1);
    for (const Signal signal : {pci_.irdy, pci_.trdy, pci_.devsel}) later(end, Act::set, signal, 1);
    for (const Signal part : {pci_.ad.low, pci_.ad.high}) later(end, Act::release, part);
    later(end, Act::release, pci_.cbe);
}

}  // namespace sb::observe
