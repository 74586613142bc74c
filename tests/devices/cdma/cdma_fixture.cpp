// SPDX-License-Identifier: Apache-2.0
#include "tests/devices/cdma/cdma_fixture.h"

#include <string>

namespace sb::test {

using namespace cdma;

CdmaBoard::CdmaBoard(const Settings& settings, bus::SystemBusTiming timing) : TestBoard{timing} {
    ram = add_memory(0, memory_bytes);
    Settings all = settings;
    all.try_emplace("bus_priority", "7");  // the test board's processor's
    device = &plug("axi-cdma", "cdma", all);
    memory.map(cdma::refusing, 0x1000, memory.attach(refusing_.socket), "refusing");
    enable();
}

void CdmaBoard::enable(uint16_t pci_command) {
    pci::Function* function = pci.find(4, 0);
    REQUIRE(function);
    function->bank.write(0x10, 4, cdma::at);
    function->bank.write(0x04, 2, pci_command);
}

void CdmaBoard::put(uint64_t at, const Bd& bd) {
    const uint32_t words[8]{static_cast<uint32_t>(bd.next),
                            static_cast<uint32_t>(bd.next >> 32),
                            static_cast<uint32_t>(bd.from),
                            static_cast<uint32_t>(bd.from >> 32),
                            static_cast<uint32_t>(bd.to),
                            static_cast<uint32_t>(bd.to >> 32),
                            bd.control,
                            bd.status};
    std::memcpy(ram + at, words, sizeof words);
}

uint32_t CdmaBoard::put_chain(uint32_t at, std::vector<Bd> bds) {
    for (size_t i = 0; i < bds.size(); ++i) {
        bds[i].next = at + 64 * ((i + 1) % bds.size());
        put(at + 64 * i, bds[i]);
    }
    return static_cast<uint32_t>(at + 64 * (bds.size() - 1));
}

uint32_t CdmaBoard::status_of(uint32_t bd) const {
    uint32_t status;
    std::memcpy(&status, ram + bd + 0x1c, 4);
    return status;
}

uint64_t CdmaBoard::findings() const {
    uint64_t sum = 0;
    for (const Finding& finding : sim.findings().list()) sum += finding.count;
    return sum;
}

bool CdmaBoard::found(const char* text) const {
    for (const Finding& finding : sim.findings().list())
        if (std::string{finding.what}.find(text) != std::string::npos) return true;
    return false;
}

TestBoard::Settings prompt(TestBoard::Settings more) {
    for (const char* key : {"start_clocks", "descriptor_clocks", "forward_clocks", "reset_clocks"})
        more.try_emplace(key, "0");
    more.try_emplace("access_time", "0ns");
    return more;
}

uint8_t pattern(uint64_t i) {
    const uint64_t mixed = (i + 1) * 0x9e3779b97f4a7c15;
    return static_cast<uint8_t>(mixed >> 56);
}

void fill(uint8_t* bytes, uint64_t count, uint64_t from) {
    for (uint64_t i = 0; i < count; ++i) bytes[i] = pattern(from + i);
}

uint64_t differing(const uint8_t* bytes, uint64_t count, uint64_t from) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; ++i) sum += bytes[i] != pattern(from + i);
    return sum;
}

uint32_t state(Script& io) { return io.read32(sr) & 0xffff; }

uint32_t wait_idle(Script& io, Time limit) {
    const Time end = io.time() + limit;
    uint32_t now = 0;
    do {
        io.wait(100_ns);
        now = state(io);
    } while (!(now & idle) && io.time() < end);
    return now;
}

uint32_t copy(Script& io, uint32_t from, uint32_t to, uint32_t bytes) {
    io.write32(sa, from);
    io.write32(da, to);
    io.write32(btt, bytes);
    return wait_idle(io);
}

void begin_chain(Script& io, uint32_t first, uint32_t last, uint32_t control) {
    if (!(control & 0xff0000)) control |= threshold(1);
    io.write32(cr, threshold(1));
    io.write32(cr, control | sg);
    io.write32(current, first);
    io.write32(tail, last);
}

uint32_t run_chain(Script& io, uint32_t first, uint32_t last, uint32_t control) {
    begin_chain(io, first, last, control);
    return wait_idle(io);
}

void soft_reset(Script& io) {
    io.write32(cr, reset);
    io.wait(20_us);
    REQUIRE((io.read32(cr) & reset) == 0);
}

}  // namespace sb::test
