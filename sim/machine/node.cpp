// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/node.h"

#include <fmt/format.h>

#include <algorithm>
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

std::string command_line(const NodePlan& plan) {
    std::string line;
    for (const auto& [name, value] : plan.parameters)
        line += (line.empty() ? "" : " ") + name + "=" + value;
    if (const std::string& append = plan.guest.text("append"); !append.empty())
        line += (line.empty() ? "" : " ") + append;
    return line;
}

/// A ROM with an image starts the machine where no guest is loaded over it.
bool has_firmware(const NodePlan& plan) {
    return std::any_of(plan.devices.begin(), plan.devices.end(), [](const DevicePlan& device) {
        return device.model->name == std::string_view{"bios"} &&
               !device.config.text("image").empty();
    });
}

/// A module whose components are below it in the tree: what is built while it is being made.
struct Cabinet final : sc_core::sc_module {
    Cabinet(sc_core::sc_module_name, const std::function<void()>& build) { build(); }
};

}  // namespace

Node::Node(const Shared& shared, const NodePlan& plan)
    : plan_{plan}, sim_{shared.sim}, domain_{shared.sim.domain()} {
    first_source_ = static_cast<observe::Source>(shared.stream.sources());
    shared.stream.set_prefix(plan.name.empty() ? "" : plan.name + ".");
    if (plan.name.empty())
        build(shared);
    else
        cabinet_ = std::make_unique<Cabinet>(sc_core::sc_module_name{plan.name.c_str()},
                                             [&] { build(shared); });
    end_source_ = static_cast<observe::Source>(shared.stream.sources());
}

Node::~Node() = default;

void Node::build(const Shared& shared) {
    const Plan& whole = shared.plan;
    chassis_ = std::make_unique<Chassis>(sim_, shared.stream, plan_.bus, plan_.pci);
    chassis_->board.offer("ethernet", shared.wires);
    console_ = std::make_unique<Console>(sim_, whole.run.text("until"), plan_.name);
    add_devices(shared);
    const bus::MasterSettings settings{
        static_cast<unsigned>(plan_.bus.integer("processor_priority")),
        static_cast<unsigned>(plan_.bus.integer("processor_weight"))};
    port_ = std::make_unique<bus::ProcessorPort>(chassis_->bus, shared.stream, "processor_port",
                                                 settings);
    try {
        chassis_->bus.assign_slots();
        cpu_ = std::make_unique<cpu::Cpu>(sim_, shared.stream, "cpu", *port_, plan_.cpu);
    } catch (const Error& error) {
        throw Error(fmt::format("{}: {}{}", whole.file, plan_.prefix(), error.what()));
    }
    connect();
    cpu_->poll_stop(shared.stop);
    cpu_->limit_instructions(whole.run.integer("instruction_limit"));
    for (const auto& device : chassis_->devices()) device->reset();
    // No firmware runs before a guest that is loaded directly: what it would leave behind is done
    // here. (The local APIC's part, virtual wire mode, is a setting of that device.)
    if (!plan_.guest.text("program").empty())
        hand_off_pci(chassis_->pci.functions(), chassis_->ports);
    load(whole.file);
}

void Node::add_devices(const Shared& shared) {
    bus::Board& board = chassis_->board;
    board.offer<bus::GuestProbeListener>("probe.listener", *this);
    for (const DevicePlan& device : plan_.devices) {
        chassis_->add(device);
        auto* output = board.find<observe::TextOutput>(device.name + ".output");
        if (!output) continue;
        const bool shown = device.config.text("output") == "terminal";
        if (shown && (!shared.console_to_terminal || !plan_.name.empty())) output->mute();
        console_->watch(device.name, *output, shown && shared.console_to_terminal);
    }
    if (auto* screen = board.find<bus::TextScreen>("screen")) console_->watch(*screen);
}

void Node::connect() {
    bus::Board& board = chassis_->board;
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
}

void Node::load(const std::string& file) {
    const std::string& program = plan_.guest.text("program");
    if (program.empty() && has_firmware(plan_)) return;  // the processor starts in ROM
    if (!has_firmware(plan_)) cpu_->end_on_reset();
    if (program.empty())
        throw Error(fmt::format("{}: {}guest.program is missing: say what runs inside", file,
                                plan_.prefix()));
    try {
        LoadedGuest guest = load_guest(find_guest(program), command_line(plan_), chassis_->memory,
                                       plan_.guest.text("initrd"));
        if (chassis_->board.find<bus::InterruptAcknowledge>("intr.acknowledge"))
            place_mp_tables(chassis_->memory,
                            {cpu_->model().signature, cpu_->model().cpuid_features},
                            pci_interrupts(chassis_->pci.functions()));
        start(guest);
        symbols_ = std::move(guest.symbols);
    } catch (const Error& error) {
        throw Error(fmt::format("{}: {}guest.program: {}", plan_.guest_place.text(), plan_.prefix(),
                                error.what()));
    }
}

void Node::start(const LoadedGuest& guest) {
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

void Node::finish() {
    sim_.turn_of(domain_);
    explain_end();
    cpu_->settle(sim_.kernel_now());
    close_phase(cpu_->local_time());
    for (const auto& device : chassis_->devices()) device->finish();
    console_->finish();
}

/// Says more about an end that the guest did not mean.
void Node::explain_end() {
    const Outcome::Kind kind = domain_.outcome.kind;
    if (kind == Outcome::Kind::idle || kind == Outcome::Kind::shutdown ||
        kind == Outcome::Kind::time_limit)
        state_ = "\n" + cpu_->describe_state();
    const std::string where = symbols_.locate(cpu_->state().eip);
    if (!where.empty() && kind != Outcome::Kind::guest_exit && kind != Outcome::Kind::running)
        state_ += "in " + demangled(where) + "\n";
}

void Node::close_phase(Time now) {
    PhaseAccount& account = phases_[phase_];
    const Time held = chassis_->bus.held();
    account.elapsed += now - phase_since_;
    account.bus_held += held - phase_bus_;
    phase_since_ = now;
    phase_bus_ = held;
}

void Node::phase(unsigned id, const std::string& name) {
    close_phase(sim_.now());
    if (id >= phases_.size()) phases_.resize(id + 1);
    phases_[id].name = name;
    phase_ = id;
    cpu_->set_phase(static_cast<uint8_t>(id));
}

void Node::work(uint64_t bytes) { phases_[phase_].bytes += bytes; }

void Node::metric(const std::string& name, uint64_t value) {
    auto known = std::find_if(metrics_.begin(), metrics_.end(),
                              [&](const GuestMetric& metric) { return metric.name == name; });
    if (known != metrics_.end())
        known->value = value;
    else if (metrics_.size() < most_records)
        metrics_.push_back({name, value});
    else
        chassis_->memory.finding("a guest reported more metrics than are kept");
}

void Node::disk_checksum(unsigned drive, uint64_t lba, uint32_t sectors, uint32_t crc) {
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

PhaseResult Node::phase_result(unsigned id) const {
    const PhaseAccount& account = phases_[id];
    return {id == 0 ? "(no phase)" : account.name, account.elapsed, account.bytes,
            cpu_->attribution().of(static_cast<uint8_t>(id)), account.bus_held};
}

/// Blocks belong to the function in which they begin.
std::vector<FunctionResult> Node::functions() const {
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

MachineResult Node::result() const {
    MachineResult result;
    result.name = domain_.name;
    result.functions = functions();
    result.outcome = domain_.outcome;
    result.outcome.text += state_;
    result.elapsed = cpu_->local_time();
    result.cpu_model = cpu_->model().name;
    result.cpu_hz = cpu_->clock().hz();
    result.total = {"total", result.elapsed, 0, cpu_->attribution().total(), chassis_->bus.held()};
    for (unsigned id = 0; id < phases_.size(); ++id) {
        const PhaseAccount& account = phases_[id];
        // A name that was given, and never entered.
        if (id > 0 && account.name.empty() && account.elapsed == Time{}) continue;
        result.phases.push_back(phase_result(id));
        result.total.bytes += phases_[id].bytes;
    }
    // Where the run went on after the guest, so did the buses.
    const Time buses_end =
        sim_.domains().size() > 1 ? std::max(result.elapsed, sim_.kernel_now()) : result.elapsed;
    for (bus::AccountedBus* bus : chassis_->board.buses)
        result.buses.push_back(bus->summary(buses_end));
    result.metrics = metrics_;
    result.checksums = checksums_;
    result.checksum_count = checksum_count_;
    result.matches = matches_;
    if (result.ended_well() && matches_ != checksum_count_) {
        result.outcome.kind = Outcome::Kind::mismatch;
        result.outcome.text = "the guest read data that differs from the disk image";
    }
    result.console = console_->text();
    if (const auto* screen = chassis_->board.find<bus::TextScreen>("screen"))
        if (screen->text_mode()) result.screen = screen->text();
    return result;
}

}  // namespace sb::machine
