// SPDX-License-Identifier: Apache-2.0
//
// A station on a network: a controller, a way to serve it, and something to do with the packets.
// Says what it has counted when it has served so many packets, or when the time is over.
//
//   nic=auto         e1000, or ne2000 (port=0x300 line=9; of a second one port2=0x320 line2=10), or the
//                    one of them that is there
//   app=sink         takes datagrams to port 9 and counts their numbers
//       echo         sends datagrams to port 7 back
//       forward      between two controllers and their networks; phantom=10.0.3.9 for a station
//                    there which does not answer ARP
//       ping         sends bytes=4 to port 7 of peer=10.0.2.2, and again when they come back
//   address=10.0.2.15 and address2=10.0.3.15 of the second controller; networks are /24
//   service=napi     weight=64 budget=300 of it
//       poll         budget=64
//       clocked      budget=0: unlimited; by the ticks of hz
//       interrupt    backlog=50
//       static       the same, and the controller holds its interrupts back by itr=0 rdtr=0 radv=0
//                    tidv=0 tadv=0, in the units of these registers
//       adaptive dim napi with such moderation
//       hybrid       budget=64 threshold=10 packets in a tick, spins=200
//       quota        quota=10: 0 is none
//       feedback     the same with feedback=1
//                    the first of these numbers may go with the name: napi:32, quota:5
//   moderation=      none, static, adaptive, conservative or dim, instead of the service's own
//   interrupt=line   or message
//   irq=apic         or pic
//   packets=1000     to be served before it ends; 0: does not matter
//   milliseconds=0   after which it ends; 0: does not matter
//   hz=1000          ticks of the clock
//   copy=0           1: packets are copied out of the ring
//   ring=256 tx_ring=256   descriptors of the e1000's rings
//   output=50        packets that may wait for a transmit ring
//   buffers=         packets that there are: enough for the rings and queues
//   receive_work=0   work for each packet when it is taken from the controller,
//   work=0           by the application (network/work.h says what one is)
//   user=0           1: the application is a user process, screend for instance, which has
//                    user_queue=32 user_work=0
//   feedback=0       1: a user queue that is three quarters full inhibits the input until it is
//                    only a quarter full, or for feedback_ticks=1, where the service can do that (quota)
#include "network/bottom_half.h"
#include "network/drop.h"
#include "network/phase.h"
#include "network/tick.h"
#include "network/user_stage.h"
#include "programs/network_options.h"
#include "runtime/arithmetic.h"
#include "runtime/clock.h"
#include "runtime/interrupts.h"
#include "runtime/probe.h"
#include "runtime/program.h"

namespace guest {
namespace {

// All of a station, for the clock's handler too.
struct Station {
    Service& service;
    Application& application;
    UserStage* user;  // Or nothing.
    PingPong* ping;   // Likewise.
    std::span<Interface* const> interfaces;
    NetworkStack& stack;
    uint32_t packets;  // When to end; 0: not.
    uint32_t ticks;
    uint32_t hz;  // Of them.
    uint32_t served_before = 0;       // Of `ping`, a while ago.
    volatile bool send_again = true;  // Its datagram does not come back.

    uint32_t ticks_done = 0;  // Since all packets were served.

    bool has_served_all() const { return packets != 0 && application.served() >= packets; }
    bool is_time_over() const { return ticks != 0 && tick::count() >= ticks; }
    bool is_over() const { return has_served_all() || is_time_over(); }
    void on_tick();
    void run();
    void drain();
    [[noreturn]] void finish();
};

// The clock ends a station even where the rest of it has no time for anything but receiving, or
// where what it still has to send does not go out.
void Station::on_tick() {
    service.tick();
    if (user != nullptr) user->tick();
    constexpr uint32_t kTicksBeforeAgain = 256;
    if (ping != nullptr && tick::count() % kTicksBeforeAgain == 0) {
        if (application.served() == served_before) send_again = true;
        served_before = application.served();
    }
    constexpr uint32_t kTicksToDrain = 16;
    if (is_time_over() || (has_served_all() && ++ticks_done == kTicksToDrain)) finish();
}

void Station::run() {
    while (!is_over()) {
        bool worked = service.run();
        if (user != nullptr && user->run()) worked = true;
        if (ping != nullptr && send_again) {
            send_again = false;
            const bottom_half::Hold hold;
            ping->send();
        }
        if (worked) continue;
        const InterruptGuard guard;
        const bool has_work = service.has_work() || (user != nullptr && user->has_work());
        if (has_work || is_over()) continue;
        const Phases::Scope phase(Phase::kIdle);
        wait_for_interrupt();
    }
}

// What was served may have answers that are still to be sent.
void Station::drain() {
    for (Interface* interface : interfaces) {
        while (interface->is_sending()) {
            const bottom_half::Hold hold;
            interface->continue_sending(kUnlimited);
        }
    }
}

void report(const char* name, uint64_t value) {
    print("{}={} ", name, value);
    report_metric(name, value);
}

void Station::finish() {
    disable_interrupts();
    Phases::enter(Phase::kSetup);
    const uint64_t microseconds = divide(clock::nanoseconds(tick::now()), 1000).quotient;
    service.stop();
    report("served", application.served());
    report("elapsed_us", microseconds);
    NetworkStatistics total = {};
    for (Interface* interface : interfaces) {
        const NetworkStatistics& one = interface->device().statistics();
        total.received += one.received;
        total.received_bytes += one.received_bytes;
        total.transmitted += one.transmitted;
        total.missed += one.missed;
        total.damaged += one.damaged;
        total.overruns += one.overruns;
    }
    report("received", total.received);
    report("received_bytes", total.received_bytes);
    report("transmitted", total.transmitted);
    report("missed", total.missed);
    report("damaged", total.damaged);
    report("overruns", total.overruns);
    print("\n");
    const ServiceStatistics& statistics = service.statistics();
    const uint32_t batches = statistics.polls - statistics.empty_polls;
    report("interrupts", statistics.interrupts);
    report("polls", statistics.polls);
    report("empty_polls", statistics.empty_polls);
    report("batch_x100",
           batches != 0 ? divide(uint64_t{statistics.packets} * 100, batches).quotient : 0);
    report("most_at_once", statistics.most_at_once);
    report("rearms", statistics.rearms);
    report("races", statistics.races);
    report("moderation_changes", statistics.moderation_changes);
    report("last_moderation_us",
           divide(uint64_t{statistics.last_moderation} * 1'000'000, hz).quotient);
    report("inhibits", statistics.inhibits);
    report("timeouts", user != nullptr ? user->timeouts() : 0);
    print("\n");
    application.report();
    report("echoes", stack.echoes());
    report("dropped", Drops::total());
    Drops::report();
    print("\n");
    exit(exit_code::kSuccess);
}

void open(Interface& interface) {
    NetworkDevice& device = interface.device();
    const NetworkError error = device.open(interface.pool());
    if (error == NetworkError::kNone) return;
    device.print_state();
    fail("{}: {}", device.name(), error_name(error));
}

Application& make_application(const CommandLine& options, std::span<Interface* const> interfaces,
                              PingPong*& ping) {
    const std::string_view name = options.text("app", "sink");
    if (name == "sink") return make<UdpSink>();
    if (name == "echo") return make<UdpEcho>();
    if (name == "forward") {
        const Ipv4Address phantom = address_option(options, "phantom", "0.0.0.0");
        constexpr MacAddress kNobody = {{0x02, 0, 0, 0, 0, 0xff}};
        for (Interface* interface : interfaces) {
            if (interface->reaches(phantom)) interface->arp().learn(phantom, kNobody);
        }
        return make<Forwarder>(interfaces);
    }
    if (name == "ping") {
        constexpr uint32_t kMostBytes =
            kMostFrameBytes - sizeof(EthernetHeader) - sizeof(Ipv4Header) - sizeof(UdpHeader);
        ping = &make<PingPong>(*interfaces[0], address_option(options, "peer", "10.0.2.2"),
                               options.number("bytes", 4, 4, kMostBytes));
        return *ping;
    }
    reject("app", name, "sink, echo, forward, ping");
}

// At least one, where there is an end at all.
uint32_t ticks_of(uint32_t milliseconds, uint32_t hz) {
    const uint64_t ticks = divide(uint64_t{milliseconds} * hz + 999, 1000).quotient;
    return static_cast<uint32_t>(ticks);
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only(
        {"nic",     "port",  "line",       "port2",     "line2",    "app",           "phantom",
         "bytes",   "peer",  "address",    "address2",  "service",  "weight",        "budget",
         "backlog", "itr",   "rdtr",       "radv",      "tidv",     "tadv",          "threshold",
         "spins",   "quota", "moderation", "interrupt", "irq",      "packets",       "milliseconds",
         "hz",      "copy",  "ring",       "tx_ring",   "output",   "buffers",       "receive_work",
         "work",    "user",  "user_queue", "user_work", "feedback", "feedback_ticks"});
    use_interrupt_controller(parse_interrupt_controller(options.text("irq", "apic")));
    Phases::open();
    Drops::open();

    const std::string_view app = options.text("app", "sink");
    const uint32_t count = app == "forward" ? 2 : 1;
    const uint32_t output = options.number("output", Interface::kDefaultOutputLimit, 1);
    const uint32_t rings = ring_option(options, "ring") + ring_option(options, "tx_ring") + output;
    constexpr uint32_t kForOtherQueues = 512;
    PacketPool pool(options.number("buffers", count * rings + kForOtherQueues, 16));
    Interface* list[2];
    const std::span<Interface* const> interfaces(list, count);
    for (uint32_t i = 0; i < count; ++i) {
        NetworkDevice& device = make_device(options, i);
        device.set_copying(options.number("copy", 0, 0, 1) != 0);
        device.set_work(options.number("receive_work", 0));
        list[i] = &make<Interface>(device, pool,
                                   i == 0 ? address_option(options, "address", "10.0.2.15")
                                          : address_option(options, "address2", "10.0.3.15"),
                                   output);
        open(*list[i]);
    }
    NetworkStack stack;
    Service& service = make_service(options, interfaces, stack);
    PingPong* ping = nullptr;
    Application& application = make_application(options, interfaces, ping);
    application.set_work(options.number("work", 0));

    const uint32_t queue = options.number("user_queue", 32, 1);
    const bool feedback =
        service_option(options).name->feedback || options.number("feedback", 0, 0, 1) != 0;
    UserStage stage(application, service,
                    {.queue = queue,
                     .high = feedback ? queue - queue / 4 : 0,
                     .low = queue / 4,
                     .ticks = options.number("feedback_ticks", 1, 1),
                     .work = options.number("user_work", 0)});
    const bool is_user = options.number("user", 0, 0, 1) != 0;
    application.open(stack, is_user ? static_cast<PacketHandler&>(stage) : application);

    const uint32_t hz = options.number("hz", 1000, 20, 100'000);
    const uint32_t milliseconds = options.number("milliseconds", 0);
    const uint32_t packets = options.number("packets", milliseconds == 0 ? 1000 : 0);
    Station station = {.service = service,
                       .application = application,
                       .user = is_user ? &stage : nullptr,
                       .ping = ping,
                       .interfaces = interfaces,
                       .stack = stack,
                       .packets = packets,
                       .ticks = ticks_of(milliseconds, hz),
                       .hz = hz};
    print("{} {}, {}: ready\n", count, interfaces[0]->device().name(), service.name());
    tick::start(
        hz, [](void* self) { static_cast<Station*>(self)->on_tick(); }, &station);
    service.start();
    Phases::enter(Phase::kProgram);
    enable_interrupts();
    station.run();
    station.drain();
    station.finish();
}

}  // namespace guest
