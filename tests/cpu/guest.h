// SPDX-License-Identifier: Apache-2.0
//
// A processor on a test board with memory at 0, and a small assembler for what it runs: bytes with
// comments, labels where they help. One per process (see isolated.h).
//
//     Guest g{"486"};
//     g.at(0x1000).bytes({0xb8, 1, 0, 0, 0})   // mov eax, 1
//                 .bytes({0xf4});              // hlt
//     g.run(0x1000);
//     CHECK(g.cpu.state().regs[cpu::eax] == 1);
#pragma once

#include <cstring>
#include <initializer_list>
#include <vector>

#include "cpu/cpu.h"
#include "tests/support/test_board.h"

namespace sb::test {

using Settings = std::map<std::string, std::string>;

inline Config processor_config(const Settings& settings) {
    Config config{cpu::processor_keys()};
    for (const auto& [key, text] : settings) config.set_text(cpu::processor_keys(), key, text);
    return config;
}

/// Writes code into memory.
class Code {
  public:
    Code(uint8_t* memory, uint32_t at) : memory_{memory}, here{at} {}
    Code& bytes(std::initializer_list<int> list) {
        for (int b : list) memory_[here++] = static_cast<uint8_t>(b);
        return *this;
    }
    Code& bytes(const std::vector<uint8_t>& list) {
        for (uint8_t b : list) memory_[here++] = b;
        return *this;
    }
    Code& word(uint32_t v) { return number(v, 2); }
    Code& dword(uint32_t v) { return number(v, 4); }
    /// mov r32, imm32
    Code& mov(unsigned r, uint32_t v) { return bytes({0xb8 + static_cast<int>(r)}).dword(v); }
    Code& hlt() { return bytes({0xf4}); }

  private:
    Code& number(uint32_t v, unsigned n) {
        for (unsigned i = 0; i < n; ++i) memory_[here++] = static_cast<uint8_t>(v >> (8 * i));
        return *this;
    }
    uint8_t* memory_;

  public:
    uint32_t here;
};

/// A few ports: 0x10 reads `value` and records writes; each access takes `takes`.
class PortDevice : public Component, public bus::Target {
  public:
    PortDevice(Simulation& sim, const std::string& name, Time takes)
        : Component{sim, name}, socket{*this, "socket", *this}, takes{takes} {}
    void transport(bus::Payload& p, sc_core::sc_time& delay) override {
        uint32_t v = value;
        if (p.is_read())
            std::memcpy(p.get_data_ptr(), &v, p.get_data_length());
        else {
            v = 0;
            std::memcpy(&v, p.get_data_ptr(), p.get_data_length());
            written.push_back({now(), static_cast<uint32_t>(p.get_address()), v});
            if (on_write) on_write(v);
        }
        delay += takes.sc();
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    struct Write {
        Time at;
        uint32_t address;
        uint32_t value;
    };
    bus::TargetSocket socket;
    Time takes;
    uint32_t value = 0;
    std::vector<Write> written;
    std::function<void(uint32_t)> on_write;
};

class Guest {
  public:
    static constexpr uint32_t memory_size = 4 << 20;
    static constexpr uint32_t gdt = 0x800, idt = 0x10000, stack = 0x80000;

    explicit Guest(const std::string& model, Settings settings = {}, Time port_time = Time::ns(90),
                   bus::SystemBusTiming timing = {})
        : board{timing},
          memory{board.add_memory(0, memory_size)},
          ports{board.sim, "devices", port_time},
          free_ports{board.sim, "observers", {}},
          cpu{board.sim, board.stream, "cpu", board.processor, config(model, std::move(settings))} {
        board.ports.map(0x10, 8, board.ports.attach(ports.socket), "ports");
        board.ports.map(0xe9, 1, board.ports.attach(free_ports.socket), "free", true);
        cpu.start_flat(0);
        cpu.state().regs[cpu::esp] = stack;
        // The descriptors that the flat segments stand for: null, code, data; more may follow.
        descriptor(1, 0, 0xfffff, 0x9b, 0xc);
        descriptor(2, 0, 0xfffff, 0x93, 0xc);
        cpu.state().gdtr = {gdt, 0xff};
        cpu.state().idtr = {idt, 0x7ff};
    }

    Code at(uint32_t address) { return {memory, address}; }
    /// An entry of the GDT.
    void descriptor(unsigned n, uint32_t base, uint32_t limit, uint8_t access, uint8_t flags) {
        at(gdt + 8 * n)
            .dword((limit & 0xffff) | base << 16)
            .dword((base >> 16 & 0xff) | uint32_t{access} << 8 | (limit & 0xf0000) |
                   uint32_t{flags} << 20 | (base & 0xff000000));
    }
    /// An entry of the IDT: 0x8e is an interrupt gate, 0x8f a trap gate.
    void gate(unsigned vector, uint32_t offset, uint8_t access = 0x8e, uint16_t selector = 8) {
        at(idt + 8 * vector)
            .dword((offset & 0xffff) | uint32_t{selector} << 16)
            .dword((offset & 0xffff0000) | uint32_t{access} << 8);
    }
    uint32_t dword(uint32_t address) const {
        uint32_t v;
        std::memcpy(&v, memory + address, 4);
        return v;
    }
    const Outcome& run(uint32_t eip, Time limit = Time::ms(100)) {
        cpu.state().eip = eip;
        return board.sim.run(limit);
    }
    uint32_t reg(unsigned r) const { return cpu.state().regs[r]; }
    uint64_t spent(cpu::Cause cause) const {
        return cpu.attribution().total().cycles[static_cast<size_t>(cause)];
    }

    TestBoard board;
    uint8_t* memory;
    PortDevice ports;
    PortDevice free_ports;
    cpu::Cpu cpu;

  private:
    static Config config(const std::string& model, Settings settings) {
        settings["model"] = model;
        return processor_config(settings);
    }
};

}  // namespace sb::test
