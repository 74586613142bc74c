// SPDX-License-Identifier: Apache-2.0
//
// A guest's driver on an idealised processor against the published rates: each mode comes within 2
// % of its ceiling less the stated overheads, and never above the ceiling. Rates: ATA/ATAPI-6,
// timing tables (t0 of PIO and multiword DMA, time of a word in Ultra DMA). Where the driver's
// polling leaves less of the buses than the mode could use, the rate is what a closed form gives.
#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "sim/machine/machine.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::machine;
using namespace sb::literals;

namespace {

constexpr uint64_t sectors = 128;
constexpr uint64_t words = 256;

struct Mode {
    const char* name;
    Time word;       // t0 of a 16-bit access, or of a word of DMA
    Time register_;  // t0 of an 8-bit access, for PIO
};
const Mode modes[] = {
    {"pio0", 600_ns, 600_ns}, {"pio1", 383_ns, 383_ns}, {"pio2", 240_ns, 330_ns},
    {"pio3", 180_ns, 180_ns}, {"pio4", 120_ns, 120_ns}, {"mwdma0", 480_ns, {}},
    {"mwdma1", 150_ns, {}},   {"mwdma2", 120_ns, {}},   {"udma0", 120_ns, {}},
    {"udma1", 80_ns, {}},     {"udma2", 60_ns, {}},     {"udma3", 45_ns, {}},
    {"udma4", 30_ns, {}},     {"udma5", 20_ns, {}},
};

// Stated overheads (southbridge devices ata-disk): block_overhead between blocks, and the driver's
// two status reads for each; read_overhead before the first block of a DMA command.
constexpr Time block_overhead = 400_ns, read_overhead = 66_us;

Time transfer_time(const char* mode, const std::vector<std::string>& sets = {}) {
    return test::isolated([&] {
        std::vector<std::string> all{std::string("guest.parameters.mode=") + mode,
                                     "guest.parameters.sectors=128"};
        all.insert(all.end(), sets.begin(), sets.end());
        Machine machine{
            make_plan(Scenario::load(SOUTHBRIDGE_SOURCE_DIR "/scenarios/ata_timing.toml", all)),
            {}};
        machine.run();
        const Results results = machine.results();
        Time time;
        for (const PhaseResult& phase : results.phases)
            if (phase.name == "transfer" && phase.bytes == sectors * words * 2)
                time = phase.elapsed;
        return results.success() ? time : Time{};
    });
}

}  // namespace

TEST_CASE("each ATA mode comes within two per cent of its ceiling and stays below it") {
    for (const Mode& mode : modes) {
        INFO(mode.name);
        const bool pio = mode.register_ != Time{};
        const Time ceiling = mode.word * (words * sectors);
        const Time overhead =
            pio ? (block_overhead + mode.register_ * 2) * (sectors - 1) : read_overhead;
        const Time expected = ceiling + overhead;
        // The fastest needs more of a PCI bus of 33 MHz than a driver that polls leaves: below.
        std::vector<std::string> sets;
        if (std::string(mode.name) == "udma5") sets = {"pci_bus.timing=none"};
        const Time measured = transfer_time(mode.name, sets);
        INFO(to_string(measured) << " for " << to_string(expected));
        CHECK(measured >= ceiling);
        CHECK(measured.ps() * 100 <= expected.ps() * 102);
    }
}

// A burst of 64 bytes into memory is 18 PCI clocks and one idle: address, the bridge's claim in
// clock 3 with the first of 16 data phases (PCI 2.2, 3.3 and 3.6.1). The bridge has its first line
// of 32 bytes after 10 of them and its second after all; each takes the system bus for an address
// and its beats. The driver's next read of the status waits for both (3.2.5), with PCI its own,
// and takes 3 clocks and one idle. Where all that is longer than the drive needs for 64 bytes, it
// sets the pace.
TEST_CASE("Ultra DMA 5 under a polling driver has the rate that two buses in turn leave it") {
    struct Row {
        uint64_t pci_hz, bus_hz;
        unsigned width;
    };
    for (const Row& row : {Row{33'333'333, 33'333'333, 4}, Row{33'333'333, 66'666'666, 4},
                           Row{33'333'333, 66'666'666, 8}, Row{66'666'666, 33'333'333, 4},
                           Row{66'666'666, 66'666'666, 4}}) {
        CAPTURE(row.pci_hz, row.bus_hz, row.width);
        const uint64_t p = 1'000'000'000'000 / row.pci_hz;
        const uint64_t line = 1'000'000'000'000 / row.bus_hz * (1 + 32 / row.width);
        const uint64_t in_memory = std::max(18 * p, 10 * p + line) + line;
        const uint64_t period = std::max(in_memory, 19 * p) + 4 * p;
        const uint64_t drive = 64 / 2 * 20'000;
        const uint64_t bursts = sectors * words * 2 / 64;
        const uint64_t expected = std::max(period, drive) * bursts + read_overhead.ps();
        const uint64_t measured =
            transfer_time("udma5", {"pci_bus.clock=" + std::to_string(row.pci_hz) + "Hz",
                                    "bus.clock=" + std::to_string(row.bus_hz) + "Hz",
                                    "bus.width=" + std::to_string(row.width)})
                .ps();
        INFO(measured << " ps for " << expected);
        CHECK(measured * 100 >= expected * 99);
        CHECK(measured * 100 <= expected * 101);
        if (row.pci_hz == row.bus_hz && row.pci_hz > 60'000'000)
            CHECK(measured * 100 <= (drive * bursts + read_overhead.ps()) * 102);
    }
}
