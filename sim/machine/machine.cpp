// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "bus/disk_image.h"
#include "bus/ethernet.h"
#include "bus/text_screen.h"
#include "sim/machine/low_memory.h"
#include "sim/machine/pci_hand_off.h"
#include "sim/observe/text_output.h"

namespace sb::machine {
namespace {

constexpr size_t most_records = 4096;  // of metrics and of checksums that one guest may report
constexpr uint64_t most_checked_sectors = 1u << 24;  // 8 GiB: what checking may cost the host

std::atomic<bool> stop_requested{false};

std::string command_line(const Plan& plan) {
    std::string line;
    for (const auto& [name, value] : plan.parameters)
        line += (line.empty() ? "" : " ") + name + "=" + value;
    if (const std::string& append = plan.guest.text("append"); !append.empty())
        line += (line.empty() ? "" : " ") + append;
    return line;
}

/// A ROM with an image starts the machine where no guest is loaded over it.
bool has_firmware(const Plan& plan) {
    return std::any_of(plan.devices.begin(), plan.devices.end(), [](const DevicePlan& device) {
        return device.model->name == std::string_view{"bios"} &&
               !device.config.text("image").empty();
    });
}

}  // namespace

Machine::Machine(const Plan& plan, const Options& options) : plan_{plan} {
    sim_.set_lockstep(options.lockstep);
    chassis_ = std::make_unique<Chassis>(sim_, stream_, plan.bus, plan.pci);
    console_ = std::make_unique<Console>(sim_, plan.run.text("until"));
    bus::Board& board = chassis_->board;
    board.offer<bus::GuestProbeListener>("probe.listener", *this);
    for (const DevicePlan& device : plan.devices) {
        chassis_->add(device);
        if (auto* output = board.find<observe::TextOutput>(device.name + ".output")) {
            console_->watch(device.name, *output);
            if (!options.console_to_terminal && device.config.text("output") == "terminal")
                output->mute();
        }
    }
    follow_packets();
    if (auto* screen = board.find<bus::TextScreen>("screen")) console_->watch(*screen);
    const bus::MasterSettings settings{
        static_cast<unsigned>(plan.bus.integer("processor_priority")),
        static_cast<unsigned>(plan.bus.integer("processor_weight"))};
    port_ = std::make_unique<bus::ProcessorPort>(chassis_->bus, stream_, "processor_port", settings);
    try {
        chassis_->bus.assign_slots();
        cpu_ = std::make_unique<cpu::Cpu>(sim_, stream_, "cpu", *port_, plan.cpu);
    } catch (const Error& error) {
        throw Error(fmt::format("{}: {}", plan.file, error.what()));
    }
    // Without a local APIC the 8259 pair drives the processor itself.
    const bool has_apic = board.find<bus::InterruptAcknowledge>("intr.acknowledge") != nullptr;
    board.line(has_apic ? "intr" : "pic.intr").connect(*cpu_, cpu::Cpu::intr);
    board.line("nmi").connect(*cpu_, cpu::Cpu::nmi);
    board.line("a20").connect(*cpu_, cpu::Cpu::a20);
    board.line("reset").connect(*cpu_, cpu::Cpu::reset_line);
    board.line("ignne").connect(*cpu_, cpu::Cpu::ignne);
    cpu_->connect_ferr(board.line("ferr"));
    if (auto* controller = board.find<bus::InterruptAcknowledge>(has_apic ? "intr.acknowledge"
                                                                          : "pic.acknowledge"))
        cpu_->connect_acknowledge(*controller);
    if (auto* apic = board.find<bus::ApicPlacement>("apic.placement")) cpu_->connect_apic(*apic);
    cpu_->poll_stop(stop_requested);
    cpu_->limit_instructions(plan.run.integer("instruction_limit"));
    for (const auto& device : chassis_->devices()) device->reset();
    if (!plan.guest.text("program").empty()) hand_off();
    load(plan);
}

Machine::~Machine() = default;

/// Without a wire there are no packets, and a run pays nothing for following them.
void Machine::follow_packets() {
    const auto* joints = chassis_->board.find<bus::EthernetJoints>("ethernet");
    if (!joints || joints->all().empty()) return;
    packets_ = std::make_unique<observe::PacketJourneys>();
    stream_.attach(*packets_, observe::PacketJourneys::kinds());
}

/// No firmware runs before a guest that is loaded directly: what it would leave behind is done
/// here. (The local APIC's part, virtual wire mode, is a setting of that device.)
void Machine::hand_off() {
    const auto& functions = chassis_->pci.functions();
    hand_off_pci(functions, chassis_->ports);
}

void Machine::load(const Plan& plan) {
    const std::string& program = plan.guest.text("program");
    if (program.empty() && has_firmware(plan)) return;  // the processor starts in ROM
    if (!has_firmware(plan)) cpu_->end_on_reset();
    if (program.empty())
        throw Error(fmt::format("{}: guest.program is missing: say what runs inside", plan.file));
    try {
        LoadedGuest guest = load_guest(find_guest(program), command_line(plan), chassis_->memory,
                                       plan.guest.text("initrd"));
        if (chassis_->board.find<bus::InterruptAcknowledge>("intr.acknowledge"))
            place_mp_tables(chassis_->memory,
                            {cpu_->model().signature, cpu_->model().cpuid_features},
                            pci_interrupts(chassis_->pci.functions()));
        start(guest);
        symbols_ = std::move(guest.symbols);
    } catch (const Error& error) {
        throw Error(fmt::format("{}: guest.program: {}", plan.guest_place.text(), error.what()));
    }
}

void Machine::start(const LoadedGuest& guest) {
    if (guest.real_mode)
        cpu_->start_real(static_cast<uint16_t>(guest.entry));
    else
        cpu_->start_flat(guest.entry, guest.eax, guest.ebx);
    cpu::State& s = cpu_->state();
    s.regs[cpu::edx] = guest.edx;
    s.regs[cpu::esi] = guest.esi;
    if (guest.real_mode) return;
    for (unsigned n = 0; n < s.segments.size(); ++n)
        s.segments[n].selector = n == cpu::cs ? guest.code_selector : guest.data_selector;
    s.gdtr.base = guest.descriptor_table;
    if (guest.descriptor_limit) s.gdtr.limit = guest.descriptor_limit;
}

void Machine::run() {
    sim_.run(plan_.run.duration("time_limit"));
    explain_end();
    cpu_->settle(sim_.kernel_now());
    close_phase(cpu_->local_time());
    for (const auto& device : chassis_->devices()) device->finish();
    if (packets_) packets_->finish();
}

/// A run that reached its limit, or in which nothing was left to happen, has no outcome yet.
void Machine::explain_end() {
    const Time limit = plan_.run.duration("time_limit");
    if (!sim_.finished() && sim_.now() >= limit)
        sim_.finish(
            {Outcome::Kind::time_limit, 0,
             fmt::format("The time limit of {} was reached (run.time_limit).", to_string(limit))});
    else if (!sim_.finished())
        sim_.finish({Outcome::Kind::idle, 0,
                     "Nothing is left that could happen: the processor is halted, and no device "
                     "will ever interrupt it."});
    const Outcome::Kind kind = sim_.outcome().kind;
    if (kind == Outcome::Kind::idle || kind == Outcome::Kind::shutdown ||
        kind == Outcome::Kind::time_limit)
        state_ = "\n" + cpu_->describe_state();
    const std::string where = symbols_.locate(cpu_->state().eip);
    if (!where.empty() && kind != Outcome::Kind::guest_exit)
        state_ += "in " + demangled(where) + "\n";
}

void Machine::close_phase(Time now) {
    PhaseAccount& account = phases_[phase_];
    const Time held = chassis_->bus.held();
    account.elapsed += now - phase_since_;
    account.bus_held += held - phase_bus_;
    phase_since_ = now;
    phase_bus_ = held;
}

void Machine::phase(unsigned id, const std::string& name) {
    close_phase(sim_.now());
    if (id >= phases_.size()) phases_.resize(id + 1);
    phases_[id].name = name;
    phase_ = id;
    cpu_->set_phase(static_cast<uint8_t>(id));
}

void Machine::work(uint64_t bytes) { phases_[phase_].bytes += bytes; }

void Machine::metric(const std::string& name, uint64_t value) {
    auto known = std::find_if(metrics_.begin(), metrics_.end(),
                              [&](const GuestMetric& metric) { return metric.name == name; });
    if (known != metrics_.end())
        known->value = value;
    else if (metrics_.size() < most_records)
        metrics_.push_back({name, value});
    else
        chassis_->memory.finding("a guest reported more metrics than are kept");
}

void Machine::disk_checksum(unsigned drive, uint64_t lba, uint32_t sectors, uint32_t crc) {
    ChecksumResult result{drive, lba, sectors, crc, 0, {}};
    auto* image = chassis_->board.find<bus::DiskImage>(fmt::format("disk.{}", drive));
    if (!image)
        result.problem = "there is no such drive";
    else if (lba > image->sectors() || sectors > image->sectors() - lba)
        result.problem = "the disk has no such sectors";
    else if ((checked_sectors_ += sectors) > most_checked_sectors)
        result.problem = "more than 8 GiB were to be checked in this run";
    else
        result.image = image->crc32(lba, sectors);
    ++checksum_count_;
    matches_ += result.matches();
    // Every one counts; those that are listed are the first, and the first wrong one among the
    // rest.
    if (checksums_.size() < most_records ||
        (!result.matches() && checksums_.size() == most_records))
        checksums_.push_back(result);
}

PhaseResult Machine::phase_result(unsigned id) const {
    const PhaseAccount& account = phases_[id];
    return {id == 0 ? "(no phase)" : account.name, account.elapsed, account.bytes,
            cpu_->attribution().of(static_cast<uint8_t>(id)), account.bus_held};
}

/// Blocks belong to the function in which they begin.
std::vector<FunctionResult> Machine::functions() const {
    std::map<std::string, FunctionResult> by_name;
    for (const auto& [address, spent] : cpu_->profile()) {
        const Symbol* symbol = symbols_.find(address);
        const std::string name = symbol ? demangled(symbol->name) : "(no symbol)";
        FunctionResult& function = by_name[name];
        function.name = name;
        function.cycles += spent.cycles;
        function.instructions += spent.instructions;
    }
    std::vector<FunctionResult> list;
    for (auto& [name, function] : by_name) list.push_back(std::move(function));
    std::stable_sort(
        list.begin(), list.end(),
        [](const FunctionResult& a, const FunctionResult& b) { return a.cycles > b.cycles; });
    return list;
}

Results Machine::results() const {
    Results results;
    results.functions = functions();
    results.file = plan_.file;
    results.title = plan_.title;
    results.question = plan_.question;
    results.outcome = sim_.outcome();
    results.outcome.text += state_;
    results.elapsed = cpu_->local_time();
    results.cpu_model = cpu_->model().name;
    results.cpu_hz = cpu_->clock().hz();
    results.total = {"total", results.elapsed, 0, cpu_->attribution().total(),
                     chassis_->bus.held()};
    for (unsigned id = 0; id < phases_.size(); ++id) {
        const PhaseAccount& account = phases_[id];
        // A name that was given, and never entered.
        if (id > 0 && account.name.empty() && account.elapsed == Time{}) continue;
        results.phases.push_back(phase_result(id));
        results.total.bytes += phases_[id].bytes;
    }
    for (const Component* component : sim_.components())
        for (const Counter* counter : component->counters())
            results.counters.push_back({component->path(), counter->name(), counter->unit(),
                                        counter->doc(), counter->value()});
    for (bus::AccountedBus* bus : chassis_->board.buses)
        results.buses.push_back(bus->summary(results.elapsed));
    results.metrics = metrics_;
    if (packets_ && packets_->any()) results.packets = packets_->summary();
    results.checksums = checksums_;
    results.checksum_count = checksum_count_;
    results.matches = matches_;
    if ((results.outcome.kind == Outcome::Kind::guest_exit ||
         results.outcome.kind == Outcome::Kind::text_seen ||
         results.outcome.kind == Outcome::Kind::power_off) &&
        matches_ != checksum_count_) {
        results.outcome.kind = Outcome::Kind::mismatch;
        results.outcome.text = "the guest read data that differs from the disk image";
    }
    results.findings = sim_.findings().list();
    results.console = console_->text();
    if (const auto* screen = chassis_->board.find<bus::TextScreen>("screen"))
        if (screen->text_mode()) results.screen = screen->text();
    return results;
}

void Machine::request_stop() { stop_requested.store(true, std::memory_order_relaxed); }

}  // namespace sb::machine
