// SPDX-License-Identifier: Apache-2.0
#include "runtime/exit.h"

#include "runtime/console.h"
#include "runtime/io.h"

namespace guest {

namespace {
constexpr uint16_t kDebugExitPort = 0xf4;
}

void exit(int code) {
    drain_console();
    write_port32(kDebugExitPort, static_cast<uint32_t>(code));
    halt_forever();
}

}  // namespace guest

// The compiler puts this into virtual tables in the place of functions that no class defines.
extern "C" void __cxa_pure_virtual() { guest::exit(guest::exit_code::kFailure); }
