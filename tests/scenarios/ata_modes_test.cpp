// SPDX-License-Identifier: Apache-2.0
//
// A guest's driver on an idealised processor against the published rates: each mode comes within 2
// % of its ceiling less the stated overheads, and never above the ceiling. Rates: ATA/ATAPI-6,
// timing tables (t0 of PIO and multiword DMA, time of a word in Ultra DMA).
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

Time transfer_time(const Mode& mode) {
    return test::isolated([&] {
        Machine machine{
            make_plan(Scenario::load(SOUTHBRIDGE_SOURCE_DIR "/scenarios/ata_timing.toml",
                                     {std::string("guest.parameters.mode=") + mode.name,
                                      "guest.parameters.sectors=128"})),
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
    // Stated overheads (southbridge devices ata-disk): block_overhead between blocks, and the
    // driver's two status reads for each; read_overhead before the first block of a DMA command.
    const Time block_overhead = 400_ns, read_overhead = 66_us;
    for (const Mode& mode : modes) {
        INFO(mode.name);
        const bool pio = mode.register_ != Time{};
        const Time ceiling = mode.word * (words * sectors);
        const Time overhead =
            pio ? (block_overhead + mode.register_ * 2) * (sectors - 1) : read_overhead;
        const Time expected = ceiling + overhead;
        const Time measured = transfer_time(mode);
        INFO(to_string(measured) << " for " << to_string(expected));
        CHECK(measured >= ceiling);
        CHECK(measured.ps() * 100 <= expected.ps() * 102);
    }
}
