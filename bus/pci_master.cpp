// SPDX-License-Identifier: Apache-2.0
#include "bus/pci_master.h"

#include <algorithm>

#include "bus/pci_memory.h"

namespace sb::pci {
MasterPort::MasterPort(Function& function, const std::string& name, Completion completion,
                       std::function<void()> settled, bool wide, bus::MasterSettings settings)
    : function_{function},
      bus_{function.bus().local()},
      probe_{function.bus().board().stream,
             std::string{function.owner.basename()} + "." + name + (bus_ ? "" : ".pci")},
      completion_{std::move(completion)},
      settled_{std::move(settled)},
      wide_{wide},
      write_{function.owner, name + ".pci_write", false},
      fixed_{function.owner, name + ".pci_fixed", false},
      early_{function.owner, name + ".pci_early", false},
      address_{function.owner, name + ".pci_address", 0},
      bytes_{function.owner, name + ".pci_bytes", 0},
      moved_{function.owner, name + ".pci_moved", 0},
      pending_{function.owner, name + ".pci_pending", 0},
      failed_{function.owner, name + ".pci_failed", false} {
    if (!bus_) {
        Board& board = function.bus().board();
        direct_ = std::make_unique<bus::MasterPort>(function.owner, board.bus, board.stream, name,
                                                    settings, [this](Result r) { complete(r); });
        return;
    }
    stats_.name = std::string{function.owner.basename()} + "." + name;
    buffer_.resize(max_bytes);
    function.owner.declare_state(name + ".pci_buffer", [this, name](Archive& archive) {
        archive.sparse(name + ".pci_buffer", buffer_);
    });
    bus_->join(*this);
}

MasterPort::~MasterPort() = default;

observe::Command MasterPort::command() const {
    using observe::Command;
    if (write_) return Command::memory_write;
    // PCI 2.2, 3.1.2: up to a dword or two, up to a line, more than a line.
    const uint64_t lines =
        (address() % HostMemory::line + left() + HostMemory::line - 1) / HostMemory::line;
    if (left() <= 8 || fixed_) return Command::memory_read;
    return lines > 1 ? Command::memory_read_multiple : Command::memory_read_line;
}

void MasterPort::request(bool write, uint64_t address, uint32_t bytes, Options options) {
    if (direct_) {
        bus::MasterPort::Options direct;
        direct.fixed = options.fixed;
        return direct_->request(write, address, bytes, direct);
    }
    if (busy() || bytes == 0) return;  // a device's own sequencing keeps this from happening
    write_ = write;
    fixed_ = options.fixed;
    early_ = options.early;
    address_ = address;
    bytes_ = std::min(bytes, max_bytes);
    moved_ = 0;
    probe_.emit(function_.owner.now(), observe::Kind::bus_request, address, bytes_,
                static_cast<uint64_t>(command()));
    bus_->ask(*this, function_.owner.now() + bus_->clocks(bus_->timing().arbitration_clocks));
}

void MasterPort::cancel() {
    if (direct_) return direct_->cancel();
    if (contender_.waiting) bus_->withdraw(*this);
    bus_->abandon(*this);
    bus_->memory().forget(index_);
    bytes_ = 0;
    pending_ = 0;
    failed_ = false;
}

/// One transaction of the request has ended; the bus is idle from the next clock on.
void MasterPort::ended(End end) {
    const Time now = function_.owner.now();
    switch (end) {
        case End::master_abort:
            return complete(Result::master_abort);
        case End::target_abort:
            return complete(Result::target_abort);
        case End::retry:
        case End::disconnect:
            if (left() > 0)
                return bus_->ask(*this, now + bus_->clocks(1 + bus_->timing().arbitration_clocks));
            break;
        case End::completion:
        case End::preempted:
            // It has kept its request, and so was among the next ones all the time.
            if (left() > 0) return bus_->ask(*this, now);
            break;
    }
    if (pending_ == 0 || early_)
        complete(failed_ && pending_ == 0 ? Result::target_abort : Result::done);
}

void MasterPort::committed(uint32_t bytes, Result result) {
    pending_ = pending_ - std::min(bytes, pending_.get());
    if (result != Result::done) failed_ = true;
    if (pending_ > 0) return;
    if (busy() && left() == 0 && !bus_->owns(*this))
        return complete(failed_ ? Result::target_abort : Result::done);
    if (settled_ && !(busy() && !early_)) settled_();
}

void MasterPort::complete(Result result) {
    if (result == Result::master_abort) function_.received_master_abort = 1;
    if (result == Result::target_abort) function_.received_target_abort = 1;
    bytes_ = 0;
    failed_ = false;
    completion_(result);
}

}  // namespace sb::pci
