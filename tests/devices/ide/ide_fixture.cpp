// SPDX-License-Identifier: Apache-2.0
#include "tests/devices/ide/ide_fixture.h"

#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "bus/pci_bus.h"

namespace sb::test {

using namespace ide;

ImageFile::ImageFile(uint64_t bytes) {
    char name[] = "/tmp/southbridge-ide-XXXXXX";
    int fd = ::mkstemp(name);
    REQUIRE(fd >= 0);
    ::close(fd);
    path_ = name;
    std::vector<char> text(bytes);
    for (uint64_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(byte(i));
    std::ofstream{path_, std::ios::binary}.write(text.data(), static_cast<std::streamsize>(bytes));
}

ImageFile::~ImageFile() { ::unlink(path_.c_str()); }

std::vector<uint8_t> ImageFile::contents() const {
    std::ifstream in{path_, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

IdeBoard::IdeBoard(bus::SystemBusTiming timing, bool timed_pci) : TestBoard{timing} {
    if (timed_pci) pci.time({});
    ram = add_memory(0, memory_bytes);
    controller = &plug("piix-ide", "ide");
}

bus::Device& IdeBoard::drive(Settings settings, const std::string& name) {
    return plug("ata-disk", name, settings);
}

void IdeBoard::enable(uint16_t pci_command) {
    pci::Function* function = pci.find(1, 1);
    REQUIRE(function);
    function->bank.write(0x20, 4, bmi);
    function->bank.write(0x04, 2, pci_command);
}

void IdeBoard::put_table(uint32_t at, const std::vector<Prd>& entries) {
    for (const Prd& prd : entries) {
        const uint32_t second = prd.bytes | (prd.last ? 0x80000000u : 0);
        std::memcpy(ram + at, &prd.address, 4);
        std::memcpy(ram + at + 4, &second, 4);
        at += 8;
    }
}

uint64_t IdeBoard::findings() const {
    uint64_t sum = 0;
    for (const Finding& finding : sim.findings().list()) sum += finding.count;
    return sum;
}

TestBoard::Settings quick(TestBoard::Settings more) {
    for (const char* key : {"read_overhead", "read_after_write_overhead", "write_overhead",
                            "write_after_read_overhead", "other_overhead", "block_overhead"})
        more.try_emplace(key, "0ns");
    return more;
}

void address(Script& io, uint64_t lba, unsigned sectors, bool extended, uint8_t device_bits) {
    if (extended) {
        io.out8(device, device_bits & 0xf0);
        io.out8(count, static_cast<uint8_t>(sectors >> 8));
        io.out8(lba_low, static_cast<uint8_t>(lba >> 24));
        io.out8(lba_mid, static_cast<uint8_t>(lba >> 32));
        io.out8(lba_high, static_cast<uint8_t>(lba >> 40));
    } else {
        io.out8(device, static_cast<uint8_t>(device_bits | ((lba >> 24) & 0xf)));
    }
    io.out8(count, static_cast<uint8_t>(sectors));
    io.out8(lba_low, static_cast<uint8_t>(lba));
    io.out8(lba_mid, static_cast<uint8_t>(lba >> 8));
    io.out8(lba_high, static_cast<uint8_t>(lba >> 16));
}

uint8_t wait_ready(Script& io, Time limit) {
    const Time end = io.time() + limit;
    uint8_t now = 0;
    do {
        now = io.in8(alternate);
    } while ((now & bsy) && io.time() < end);
    return now;
}

uint8_t run_command(Script& io, uint8_t opcode) {
    io.out8(command, opcode);
    wait_ready(io);
    return io.in8(status);
}

uint8_t set_mode(Script& io, uint8_t mode) {
    io.out8(features, 0x03);
    io.out8(count, mode);
    return run_command(io, 0xef);
}

std::vector<uint16_t> read_block(Script& io, unsigned words) {
    std::vector<uint16_t> block(words);
    for (uint16_t& word : block) word = io.in16(data);
    return block;
}

uint8_t pio_read(Script& io, uint8_t opcode, unsigned sectors, std::vector<uint8_t>& into,
                 unsigned block) {
    io.out8(command, opcode);
    for (unsigned done = 0; done < sectors;) {
        wait_ready(io);
        const uint8_t now = io.in8(status);
        if (!(now & drq)) return now;
        const unsigned part = std::min(block, sectors - done);
        for (uint16_t word : read_block(io, 256 * part)) {
            into.push_back(static_cast<uint8_t>(word));
            into.push_back(static_cast<uint8_t>(word >> 8));
        }
        done += part;
    }
    wait_ready(io);
    return io.in8(status);
}

uint8_t pio_write(Script& io, uint8_t opcode, const std::vector<uint8_t>& from, unsigned block) {
    io.out8(command, opcode);
    for (size_t done = 0; done < from.size();) {
        wait_ready(io);
        const uint8_t now = io.in8(status);
        if (!(now & drq)) return now;
        const size_t end = std::min(from.size(), done + 512 * block);
        for (; done < end; done += 2)
            io.out16(data, static_cast<uint16_t>(from[done] | from[done + 1] << 8));
    }
    wait_ready(io);
    return io.in8(status);
}

void dma_start(Script& io, uint32_t table, bool to_memory) {
    io.out32(bm_table, table);
    io.out8(bm_status, bm_error | bm_interrupt);
    const uint8_t direction = to_memory ? bm_to_memory : 0;
    io.out8(bm_command, direction);
    io.out8(bm_command, direction | bm_start);
}

}  // namespace sb::test
