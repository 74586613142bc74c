// SPDX-License-Identifier: Apache-2.0
#include "tests/devices/e1000/nic_fixture.h"

#include <algorithm>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>

#include "bus/pci_bus.h"

namespace sb::test {

using namespace e1000;

Bytes frame(size_t size, uint8_t seed) {
    Bytes bytes(size);
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 7 + seed);
    const Bytes header{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x12, 0x34};
    for (size_t i = 0; i < header.size() && i < size; ++i) bytes[i] = header[i];
    return bytes;
}

Bytes to(Bytes frame, std::initializer_list<int> destination) {
    size_t i = 0;
    for (int byte : destination) frame[i++] = static_cast<uint8_t>(byte);
    return frame;
}

void in_row(const std::function<void()>& body) {
    isolated_text([&] {
        try {
            body();
        } catch (const std::exception&) {
            throw;
        } catch (...) {  // Catch's own
            std::cout.flush();
            throw std::runtime_error("an assertion of the row failed");
        }
        return std::string{};
    });
}

// ---- TestWire

TestWire::TestWire(Simulation& sim, bus::Board& board, const std::string& name)
    : Component{sim, "wire_" + name}, joint_{bus::EthernetJoints::of(board).joint(name)} {
    joint_.wire = this;
    joint_.ends[0] = {this, "peer", {}};
}

void TestWire::transmit(unsigned end, bus::Frame frame) {
    REQUIRE(end == 1);
    sent.push_back({now(), std::move(frame)});
}

void TestWire::set_rate(uint64_t to) {
    rate = to;
    nic().link_changed();
}

// ---- PacketLog

PacketLog::PacketLog(observe::Stream& stream) {
    observe::KindSet kinds;
    kinds.set(static_cast<size_t>(observe::Kind::packet));
    stream.attach(*this, kinds);
}

void PacketLog::event(const observe::Stream& stream, const observe::Event& event) {
    const auto stage = static_cast<observe::Stage>(event.values[1]);
    entries.push_back({event.at, static_cast<uint32_t>(event.values[0]), stage, event.values[2],
                       stage == observe::Stage::dropped ? stream.name(event.values[3]) : ""});
}

uint64_t PacketLog::count(observe::Stage stage) const {
    uint64_t sum = 0;
    for (const Entry& e : entries) sum += e.stage == stage;
    return sum;
}

uint64_t PacketLog::dropped(const std::string& place) const {
    uint64_t sum = 0;
    for (const Entry& e : entries) sum += e.stage == observe::Stage::dropped && e.place == place;
    return sum;
}

// ---- NicBoard

NicBoard::NicBoard(const Settings& settings, bus::SystemBusTiming timing, bool timed_pci)
    : TestBoard{timing} {
    if (timed_pci) pci.time({});
    ram = add_memory(0, memory_bytes);
    Settings all = settings;
    all.try_emplace("wire", "lan");
    all.try_emplace("access_time", "0ns");
    all.try_emplace("slot", "4");
    all.try_emplace("bus_priority", "7");  // the test board's processor's
    device = &plug("intel-8254x", "nic", all);
    pci::Function* function = pci.find(4, 0);
    REQUIRE(function);
    function->bank.write(0x10, 4, e1000::at);
    function->bank.write(0x18, 4, e1000::io_at);
    function->bank.write(0x04, 2, 0x07);
}

uint64_t NicBoard::counter(const char* name) const {
    for (const Counter* c : device->counters())
        if (std::string{c->name()} == name) return c->value();
    FAIL("no counter " << name);
    return 0;
}

uint64_t NicBoard::findings() const {
    uint64_t sum = 0;
    for (const Finding& finding : sim.findings().list()) sum += finding.count;
    return sum;
}

bool NicBoard::found(const char* text) const {
    for (const Finding& finding : sim.findings().list())
        if (std::string{finding.what}.find(text) != std::string::npos) return true;
    return false;
}

uint32_t NicBoard::word(uint64_t at) const {
    uint32_t value;
    std::memcpy(&value, ram + at, sizeof value);
    return value;
}

uint64_t NicBoard::quad(uint64_t at) const {
    uint64_t value;
    std::memcpy(&value, ram + at, sizeof value);
    return value;
}

void NicBoard::put_quad(uint64_t at, uint64_t value) {
    std::memcpy(ram + at, &value, sizeof value);
}

uint32_t NicBoard::deliver(Script& io, const Bytes& bytes, bool damaged) {
    static uint32_t number = 0x1000;
    io.wait(Time{});
    wire.nic().frame_arrived({bytes, ++number, damaged});
    return number;
}

void NicBoard::start_receive(Script& io, uint32_t descriptors, uint32_t mode, int given,
                             uint32_t nulls) {
    io.write32(ctrl, io.read32(ctrl) | slu);
    for (uint32_t i = 0; i < descriptors; ++i) {
        put_quad(receive_ring + 16 * i, i < nulls ? 0 : receive_buffers + 2048 * i);
        put_quad(receive_ring + 16 * i + 8, 0);
    }
    io.write32(rdbal, receive_ring);
    io.write32(rdlen, 16 * descriptors);
    io.write32(rdh, 0);
    io.write32(rctl, r_en | r_secrc | mode);
    io.write32(rdt, given < 0 ? descriptors - 1 : static_cast<uint32_t>(given));
    io.read32(icr);
}

void NicBoard::start_transmit(Script& io, uint32_t descriptors, uint32_t mode) {
    io.write32(ctrl, io.read32(ctrl) | slu);
    io.write32(tdbal, transmit_ring);
    io.write32(tdlen, 16 * descriptors);
    io.write32(tdh, 0);
    io.write32(tdt, 0);
    io.write32(tctl, t_en | t_psp | mode);
    io.read32(icr);
}

uint64_t NicBoard::receive_word(uint32_t descriptor) const {
    return quad(receive_ring + 16 * descriptor + 8);
}

Bytes NicBoard::receive_bytes(uint32_t descriptor, size_t count) const {
    const uint64_t at = quad(receive_ring + 16 * descriptor);
    return {ram + at, ram + at + count};
}

void NicBoard::put_descriptor(uint32_t descriptor, uint64_t first, uint64_t second) {
    put_quad(transmit_ring + 16 * descriptor, first);
    put_quad(transmit_ring + 16 * descriptor + 8, second);
}

void NicBoard::put_transmit(uint32_t descriptor, const Bytes& data, uint32_t command) {
    const uint64_t at = transmit_buffers + 2048 * descriptor;
    std::copy(data.begin(), data.end(), ram + at);  // no data is allowed: a descriptor of length 0
    put_descriptor(descriptor, at, data.size() | command);
}

uint64_t NicBoard::transmit_word(uint32_t descriptor) const {
    return quad(transmit_ring + 16 * descriptor + 8);
}

}  // namespace sb::test
