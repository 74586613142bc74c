// SPDX-License-Identifier: Apache-2.0
//
// A drive that stays busy, since it is held in reset: the driver has to give up after
// AtaChannel::kPollSeconds, bring the drive back, and work again. The phase "busy" is the time-out.
// Not for QEMU, whose drives are ready again before the reset bit is cleared.
//
//   pio=4    mode of the drive, and so the time that a poll takes
#include "drivers/ata_polled.h"
#include "programs/disk_options.h"
#include "runtime/check.h"
#include "runtime/exit.h"
#include "runtime/io.h"
#include "runtime/memory.h"
#include "runtime/print.h"
#include "runtime/probe.h"
#include "runtime/program.h"

namespace guest {

int main(const CommandLine& options) {
    options.allow_only({"pio"});
    constexpr uint32_t kBytes = 4 * ata::kSectorBytes;
    constexpr uint16_t kPrimaryControlPort = 0x3f6;
    const Segment list[] = {{reinterpret_cast<uint32_t>(allocate(kBytes)), kBytes}};
    AtaPolled disk(AtaChannel::Number::kPrimary, 0);
    require(disk.open(), disk, "open");
    require(disk.set_transfer_mode(pio_mode(options)), disk, "set the transfer mode");

    // BSY is set for as long as SRST is (ATA/ATAPI-6, section 9.2).
    using namespace ata::control_bit;
    write_port8(kPrimaryControlPort, kNoInterrupts | kSoftwareReset);
    {
        PhaseScope phase("busy");
        check(disk.read(0, list) == BlockError::kTimeout, "read from a busy drive");
    }
    disk.print_error();
    require(disk.read(0, list), disk, "read after");
    print("PASS\n");
    return exit_code::kSuccess;
}

}  // namespace guest
