// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/journey_words.h"

#include <fmt/format.h>

#include "sim/machine/machine.h"

namespace sb::machine {
namespace {

using observe::Command;
using observe::Kind;
using What = Step::What;

constexpr uint64_t ports = 0x10000;

/// E0h, 1F6h: as datasheets have them.
std::string hex(uint64_t v) { return fmt::format("{:02X}h", v); }

bool is_write(uint64_t command) {
    switch (static_cast<Command>(command)) {
        case Command::memory_write:
        case Command::port_write:
        case Command::configuration_write:
        case Command::memory_write_invalidate:
        case Command::message:
            return true;
        default:
            return false;
    }
}

/// "PCI memory-read-line".
std::string command_noun(uint64_t command) {
    return fmt::format("PCI {}", observe::command_name(command));
}

/// The clocks of transactions, by what they were for (PCI 2.2, 3.3).
std::string clocks(const PciClocks& pci) {
    std::string text =
        fmt::format("{} clocks = {} address", grouped(pci.total()), grouped(pci.address));
    const auto more = [&text](uint64_t n, const char* what) {
        if (n > 0) text += fmt::format(" + {} {}", grouped(n), what);
    };
    more(pci.turnaround, "turnaround");
    more(pci.initial, "initial wait");
    more(pci.data, "data");
    more(pci.waits, "wait");
    more(pci.idle, "idle");
    // PCI 2.2, 3.6.1: by how many clocks after the address.
    static constexpr std::array<const char*, 6> speeds{"",       "",     "fast",
                                                       "medium", "slow", "subtractive"};
    if (pci.devsel > 0)
        text += fmt::format(", DEVSEL# {}in clock {}",
                            pci.devsel < speeds.size() && pci.devsel >= 2
                                ? fmt::format("{} ", speeds[pci.devsel])
                                : std::string{},
                            pci.devsel);
    return text;
}

/// Sources are often named for a device's part: "ide.primary".
std::string device_of(const std::string& source) { return source.substr(0, source.find('.')); }

}  // namespace

std::string grouped(uint64_t value) {
    std::string text = fmt::format("{}", value);
    for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ' ');
    return text;
}

std::string exact_us(Time time) {
    constexpr uint64_t ps_per_us = 1'000'000;
    return fmt::format("{}.{:06}", grouped(time.ps() / ps_per_us), time.ps() % ps_per_us);
}

JourneyWords::JourneyWords(const Machine& machine) : machine_{machine} {
    for (const auto& device : machine.chassis().devices())
        for (const bus::RegisterBank* bank : device->banks())
            for (const bus::Register* reg : bank->registers())
                registers_.try_emplace({device->basename(), reg->spec().name}, reg);
}

const bus::Register* JourneyWords::find(const observe::Event& event) const {
    const std::string& source = machine_.stream().source_name(event.source);
    const std::string& name = machine_.stream().name(event.values[0]);
    for (const std::string& device : {source, device_of(source)})
        if (const auto known = registers_.find({device, name}); known != registers_.end())
            return known->second;
    return nullptr;
}

std::string JourneyWords::value(const bus::Register* reg, uint64_t v) const {
    std::string bits;
    if (reg)
        for (const bus::Field* field : reg->fields())
            if (field->high() == field->low() && field->of(v) != 0)
                bits += fmt::format("{}{}", bits.empty() ? "" : " ", field->name());
    return bits.empty() ? hex(v) : fmt::format("{} ({})", hex(v), bits);
}

std::string JourneyWords::function(const Step& step) {
    if (!step.function) return {};
    std::string name = demangled(step.function->name);
    static const std::string anonymous = "(anonymous namespace)::";
    for (size_t at; (at = name.find(anonymous)) != std::string::npos;)
        name.erase(at, anonymous.size());
    const size_t parameters = name.find('(');
    // "operator()" is the one name with such characters in it.
    if (parameters != std::string::npos && !name.substr(0, parameters).ends_with("operator"))
        name.erase(parameters);
    return name;
}

std::string JourneyWords::who(const Step& step) const {
    if (step.what != What::event) return "processor";
    return machine_.stream().source_name(step.event.source);
}

std::string JourneyWords::access(const Step& step) const {
    const auto& values = step.event.values;
    const bool port = values[3] == static_cast<uint64_t>(Command::port_read) ||
                      values[3] == static_cast<uint64_t>(Command::port_write) ||
                      (step.reg && values[0] < ports);
    if (!step.reg)
        return fmt::format("{} {} {}, {} byte{}", is_write(values[3]) ? "writes" : "reads",
                           port ? "port" : "address", hex(values[0]), values[1],
                           values[1] == 1 ? "" : "s");
    const bool write = step.reg->kind == Kind::register_write;
    const bus::Register* reg = find(*step.reg);
    const std::string place =
        port ? fmt::format("{} {}", write ? "OUT" : "IN", hex(values[0])) : hex(values[0]);
    std::string text = fmt::format("{} {} of {}", write ? "writes" : "reads",
                                   machine_.stream().name(step.reg->values[0]),
                                   machine_.stream().source_name(step.reg->source));
    const uint64_t first = step.reg->values[1];
    if (step.same_value)
        text += fmt::format(" = {}", value(reg, first));
    else if (reg && reg->spec().fifo)
        text += fmt::format(", {} bytes", grouped(step.bytes));
    else
        text += fmt::format(" = {} to {}", value(reg, first), value(reg, step.last_value));
    text += fmt::format(", {}", place);
    if (reg && !reg->spec().doc.empty()) text += fmt::format(": {}", reg->spec().doc);
    if (reg && !reg->spec().effect.empty()) text += fmt::format("; {}", reg->spec().effect);
    return text;
}

std::string JourneyWords::transfer(const Step& step, const char* noun) const {
    const auto& values = step.event.values;
    const bool write = is_write(values[3]);
    std::string text =
        step.times == 1
            ? fmt::format("{} of {} byte{} {} {}", noun, values[1], values[1] == 1 ? "" : "s",
                          write ? "to" : "from", hex(values[0]))
            : fmt::format("{}s of {} byte{}, {} bytes in all, {} {} to {}", noun, values[1],
                          values[1] == 1 ? "" : "s", grouped(step.bytes), write ? "to" : "from",
                          hex(values[0]), hex(step.last_address));
    if (!step.target.empty()) text += fmt::format(" ({})", step.target);
    text += fmt::format("; {} {} us", step.event.kind == Kind::pci ? "takes" : "bus held",
                        exact_us(step.duration));
    if (step.bytes == 0 && values[1] > 0) text += ", given up for the processor";
    if (step.pci.total() > 0) text += fmt::format(", {}", clocks(step.pci));
    if (step.waited.ps() > 0) text += fmt::format(", waited {} us", exact_us(step.waited));
    return text;
}

std::string JourneyWords::event(const Step& step) const {
    const auto& values = step.event.values;
    const observe::Stream& stream = machine_.stream();
    switch (step.event.kind) {
        case Kind::burst:
            return transfer(step, "burst");
        case Kind::pci:
            return fmt::format("{}, {}", transfer(step, command_noun(values[3]).c_str()),
                               stream.name(values[5]));
        case Kind::line:
            return values[0] ? "the line rises" : "the line falls";
        case Kind::device: {
            std::string text = stream.name(values[0]);
            if (step.times > 1) return text;
            if (values[1]) text += fmt::format(" {}", hex(values[1]));
            if (values[2]) text += fmt::format(", {}", hex(values[2]));
            return text;
        }
        case Kind::acknowledge:
            return fmt::format("gives the processor vector {}", hex(values[0]));
        case Kind::interrupt_message:
            return values[1] == observe::no_input
                       ? fmt::format("sends vector {}", hex(values[0]))
                       : fmt::format("sends vector {} (input {})", hex(values[0]), values[1]);
        case Kind::end_of_interrupt:
            return fmt::format("the service of vector {} has ended", hex(values[0]));
        case Kind::register_read:
        case Kind::register_write: {
            const bool write = step.event.kind == Kind::register_write;
            return fmt::format("{} is {}: {}", stream.name(values[0]), write ? "written" : "read",
                               value(find(step.event), values[1]));
        }
        case Kind::cache:
        case Kind::dram:
            return fmt::format(
                "{}: {}{}", observe::info(step.event.kind).name, stream.name(values[0]),
                step.duration.ps() ? fmt::format(", {} us", exact_us(step.duration)) : "");
        default:
            return fmt::format("{}: {}", observe::info(step.event.kind).name,
                               stream.describe(step.event));
    }
}

std::string JourneyWords::what(const Step& step) const {
    const auto& values = step.event.values;

    switch (step.what) {
        case What::run:
            return "runs its code";
        case What::access:
            return access(step);
        case What::interrupt:
            return fmt::format("interrupt {}: the processor goes to its handler", hex(values[0]));
        case What::interrupt_return:
            return "IRET: the handler has ended";
        case What::exception:
            return fmt::format("exception {}", hex(values[0]));
        case What::halt:
            return "HLT: stops until an interrupt comes";
        case What::wake:
            return "leaves HLT";
        case What::more:
            return "and more (this stay has too many different steps)";
        case What::event:
            return event(step);
    }
    return {};
}

std::string JourneyWords::name(const Step& step) const {
    switch (step.what) {
        case What::access:
            if (step.reg)
                return fmt::format("{} {} of {}",
                                   step.reg->kind == Kind::register_write ? "writing" : "reading",
                                   machine_.stream().name(step.reg->values[0]),
                                   machine_.stream().source_name(step.reg->source));
            return fmt::format("accesses to {}", hex(step.event.values[0]));
        case What::halt:
            return "waiting in HLT";
        case What::run:
            return step.function ? fmt::format("running in {}", function(step)) : "running";
        case What::interrupt:
            return fmt::format("the handler of interrupt {}", hex(step.event.values[0]));
        default:
            return what(step);
    }
}

std::string JourneyWords::causes(const CauseCycles& cycles) {
    static constexpr std::array<const char*, cpu::cause_count> words{
        "executing", "memory stall", "I/O stall", "interrupt entry", "interrupt exit", "halted"};
    std::string text;
    for (size_t i = 0; i < cycles.size(); ++i)
        if (cycles[i])
            text += fmt::format("{}{} {}", text.empty() ? "" : " + ", grouped(cycles[i]), words[i]);
    return text.empty() ? "-" : text;
}

}  // namespace sb::machine
