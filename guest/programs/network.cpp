// SPDX-License-Identifier: Apache-2.0
#include "drivers/e1000.h"
#include "network/application.h"
#include "network/drop.h"
#include "network/phase.h"
#include "network/services/busy_polling.h"
#include "network/tick.h"
#include "runtime/interrupts.h"
#include "runtime/print.h"
#include "runtime/program.h"

namespace guest {

int main(const CommandLine& options) {
    const uint32_t packets = options.number("packets", 1000);
    const uint32_t milliseconds = options.number("milliseconds", 0);
    use_interrupt_controller(parse_interrupt_controller(options.text("irq", "apic")));
    Phases::open();
    Drops::open();
    PacketPool pool(600);
    E1000 device(0);
    const auto address = parse_ipv4(options.text("address", "10.0.0.2"));
    if (!address) fail("address");
    Interface interface(device, pool, *address, 50);
    const NetworkError error = device.open(pool);
    if (error != NetworkError::kNone) fail("{}", error_name(error));
    Interface* interfaces[] = {&interface};
    NetworkStack stack;
    UdpSink sink;
    UdpEcho echo;
    sink.open(stack, sink);
    echo.open(stack, echo);
    BusyPolling service(interfaces, stack, 64);
    tick::start(1000);
    print("ready\n");
    service.start();
    enable_interrupts();
    while (sink.served() < packets && (milliseconds == 0 || tick::count() < milliseconds)) service.run();
    disable_interrupts();
    print("served={} ", sink.served());
    report_metric("served", sink.served());
    sink.report();
    Drops::report();
    print("\n");
    return 0;
}

}  // namespace guest
