// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/machine.h"

#include <fmt/format.h>

#include <cstdio>

#include "bus/disk_image.h"

namespace sb::machine {
namespace {

constexpr unsigned processor_priority = 8;  // after every bus master: a PC's processor yields the bus
constexpr size_t longest_console = 1u << 20;
constexpr size_t most_records = 4096;  // of metrics and of checksums that one guest may report

std::string command_line(const Plan& plan) {
    std::string line;
    for (const auto& [name, value] : plan.parameters)
        line += (line.empty() ? "" : " ") + name + "=" + value;
    return line;
}

/// Ends the run at the time limit.
class TimeLimit final : public Component {
  public:
    TimeLimit(Simulation& sim, Time limit) : Component{sim, "time_limit"}, limit_{limit} {
        timer_.arm_at(limit);
    }

  private:
    Time limit_;
    Timer timer_{*this, "timer", [this] {
                     simulation().finish(
                         {Outcome::Kind::time_limit, 0,
                          fmt::format("The time limit of {} was reached (run.time_limit).",
                                      to_string(limit_))});
                 }};
};

}  // namespace

Machine::Machine(const Plan& plan, const Options& options) : plan_{plan} {
    sim_.set_lockstep(options.lockstep);
    chassis_ = std::make_unique<Chassis>(sim_, stream_, plan.bus);
    bus::Board& board = chassis_->board;
    board.offer<bus::GuestProbeListener>("guest.listener", *this);
    board.offer<std::string>("console.text", console_);
    for (const DevicePlan& device : plan.devices) chassis_->add(device);
    port_ = std::make_unique<bus::ProcessorPort>(chassis_->bus, stream_, "processor_port",
                                                 processor_priority);
    cpu_ = std::make_unique<cpu::Cpu>(sim_, stream_, "cpu", plan.cpu, *port_);
    board.line("intr").connect(cpu_->intr(), 0);
    board.line("nmi").connect(cpu_->nmi(), 0);
    if (auto* controller = board.find<bus::InterruptAcknowledge>("intr.acknowledge"))
        cpu_->set_interrupt_controller(*controller);
    watch_ = std::make_unique<TimeLimit>(sim_, plan.run.duration("time_limit"));
    for (const auto& device : chassis_->devices()) device->reset();
    load(plan);
}

Machine::~Machine() = default;

void Machine::load(const Plan& plan) {
    const std::string& program = plan.guest.text("program");
    if (program.empty())
        throw Error(fmt::format("{}: guest.program is missing: say what runs inside", plan.file));
    try {
        LoadedGuest guest = load_guest(find_guest(program), command_line(plan), chassis_->memory);
        cpu_->start_flat(guest.entry, guest.eax, guest.ebx);
        symbols_ = std::move(guest.symbols);
    } catch (const Error& error) {
        throw Error(fmt::format("{}: guest.program: {}", plan.guest_place.text(), error.what()));
    }
}

void Machine::run() {
    sim_.run();
    explain_end();
    close_phase();
    for (const auto& device : chassis_->devices()) device->finish();
}

}  // namespace sb::machine
