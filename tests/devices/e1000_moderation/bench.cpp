// SPDX-License-Identifier: Apache-2.0
#include "tests/devices/e1000_moderation/bench.h"

#include <cstring>
#include <stdexcept>

#include "bus/pci_bus.h"

namespace sb::test {

using namespace nic;

NicBench::Player::Player(NicBench& bench, Simulation& sim)
    : Component{sim, "player"},
      bench{bench},
      steps{*this, "steps", [this] { step(); }},
      service{*this, "service", [this] {
                  if (this->bench.serve) this->bench.serve();
              }} {}

void NicBench::Player::line_changed(unsigned, bool asserted) {
    (asserted ? bench.interrupts : bench.releases).push_back(now());
    if (asserted) service.arm_after({});
}

void NicBench::Player::event(const observe::Stream& stream, const observe::Event& event) {
    event.kind == observe::Kind::packet ? bench.note_packet(stream, event)
                                        : bench.note_burst(event);
}

void NicBench::Player::step() {
    auto first = todo.begin();
    auto what = std::move(first->second);
    todo.erase(first);
    what();
    if (!todo.empty()) steps.arm_at(todo.begin()->first);
}

void NicBench::note_packet(const observe::Stream& stream, const observe::Event& event) {
    const auto stage = static_cast<observe::Stage>(event.values[1]);
    if (stage == observe::Stage::dropped) ++dropped[stream.name(event.values[3])];
    if (stage == observe::Stage::buffered) ++buffered;
    if (stage != observe::Stage::stored) return;
    const Time data = data_ends_[stored_so_far_++ % options_.descriptors];
    stored.push_back({static_cast<uint32_t>(event.values[0]),
                      static_cast<uint32_t>(event.values[2]), data, event.at});
}

void NicBench::note_burst(const observe::Event& event) {
    const uint64_t address = event.values[0], bytes = event.values[1];
    const bool writes = event.values[3] == uint64_t(observe::Command::memory_write) ||
                        event.values[3] == uint64_t(observe::Command::memory_write_invalidate);
    if (!writes) return;
    const Time end = event.at + Time::ps(event.values[2]);
    if (address >= receive_buffers) data_ends_.at((address - receive_buffers) / 2048) = end;
    if (address < transmit_ring || address >= transmit_ring + 16 * options_.descriptors) return;
    // The status is in byte 12: one entry for each of these that the burst covers.
    for (uint64_t i = address; i < address + bytes; ++i)
        if (i % 16 == 12) {
            writes_back.push_back(event.at);
            written_back.push_back(end);
        }
}

NicBench::NicBench(Options options) : TestBoard{options.bus}, options_{options}, data_ends_(1024) {
    if (options.timed_pci) pci.time({});
    ram = add_memory(0, 0x400000);
    wire.emplace(*this);
    device = &plug("intel-8254x", "nic", {{"wire", "lan"}});
    for (bus::RegisterBank* bank : device->banks())
        if (!registers || bank->spec().size > registers->spec().size) registers = bank;
    pci::Function* function = nullptr;
    for (pci::Function* f : pci.functions())
        if (f->device_id == 0x100e) function = f;
    if (!registers || !function) throw std::runtime_error("no 82540EM");
    function->bank.write(0x10, 4, 0xe0000000);
    function->bank.write(0x04, 2, 0x06);  // memory and bus mastering
    // INTA# of the slot, see bus/pci.h.
    const std::string line{"pirqa\0pirqb\0pirqc\0pirqd" + 6 * ((function->slot().device + 3) % 4)};
    player_ = std::make_unique<Player>(*this, sim);
    board.line(line).connect(*player_, 0);
    observe::KindSet kinds;
    kinds.set(size_t(observe::Kind::packet));
    kinds.set(size_t(observe::Kind::burst));
    stream.attach(*player_, kinds);
}

void NicBench::start(bool with_descriptors) {
    for (uint32_t i = 0; i < options_.descriptors; ++i) {
        const uint64_t buffer = receive_buffers + 2048 * (i % 1024);
        std::memset(ram + receive_ring + 16 * i, 0, 16);
        std::memcpy(ram + receive_ring + 16 * i, &buffer, sizeof buffer);
    }
    write(ctrl, 1u << 0 | 1u << 5 | 1u << 6);  // FD, ASDE, SLU
    write(imc, 0xffffffff);
    for (auto [base, at] : {std::pair{rdbal, receive_ring}, std::pair{tdbal, transmit_ring}}) {
        write(base, at);
        write(base + 4, 0);
        write(base + 8, 16 * options_.descriptors);
        write(base + 0x10, 0);
        write(base + 0x18, 0);
    }
    write(tctl, transmit_on);
    write(rctl, options_.rctl);
    if (with_descriptors) write(rdt, options_.descriptors - 1);
    read(icr);
}

void NicBench::at(Time when, std::function<void()> what) {
    player_->todo.emplace(when, std::move(what));
    player_->steps.arm_at(player_->todo.begin()->first);
}

void NicBench::transmit(uint8_t command, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        const uint64_t words[2]{transmit_buffers, 60 | uint64_t{command} << 24};
        std::memcpy(ram + transmit_ring + 16 * transmit_tail_, words, sizeof words);
        transmit_tail_ = (transmit_tail_ + 1) % options_.descriptors;
    }
    write(tdt, transmit_tail_);
}

void NicBench::refill() {
    write(rdt, (read(rdh) + options_.descriptors - 1) % options_.descriptors);
}

void NicBench::read_causes() { causes.push_back({sim.now(), read(icr)}); }

void NicBench::play(Time until) {
    run([&](Script& io) { io.wait_until(until); });
}

}  // namespace sb::test
