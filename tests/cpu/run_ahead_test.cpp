// SPDX-License-Identifier: Apache-2.0
//
// Running ahead is exact: the same events, to the picosecond, as with a yield after each
// instruction; interrupts are taken at the first boundary at or after the time at which they rose.
#include <catch2/catch.hpp>
#include <random>

#include "tests/cpu/guest.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using namespace sb::literals;
using sb::test::Guest;
using sb::test::isolated;
using sb::test::isolated_text;

namespace {

/// An interrupt controller with one source: a timer, or a write to port 0x18.
class Controller : public Component, public bus::InterruptAcknowledge, public bus::Target {
  public:
    explicit Controller(Guest& g)
        : Component{g.board.sim, "controller"},
          socket{*this, "socket", *this},
          pin{*this, "pin"},
          timer{*this, "timer", [this] { pin.set(true); }} {
        pin.connect(g.board.board.line("intr"));
        g.board.board.line("intr").connect(g.cpu, Cpu::intr);
        g.cpu.connect_acknowledge(*this);
        g.board.ports.map(0x18, 4, g.board.ports.attach(socket), "controller");
    }
    uint8_t acknowledge(sc_core::sc_time& delay) override {
        acknowledged.push_back(now());
        pin.set(false);
        delay += (100_ns).sc();
        return 0x40;
    }
    /// +0: interrupt after so many times 97 ns; +1: interrupt now; +2: reads whether one is
    /// pending.
    void transport(bus::Payload& p, sc_core::sc_time& delay) override {
        const auto n = *p.get_data_ptr();
        if (p.is_read())
            *p.get_data_ptr() = pin.level();
        else if (p.get_address() == 0)
            timer.arm_after(Time::ns(n * 97));
        else if (p.get_address() == 1)
            pin.set(true);
        delay += (120_ns).sc();
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    bus::TargetSocket socket;
    bus::Pin pin;
    Timer timer;
    std::vector<Time> acknowledged;
};

/// Writes to memory at random times, data and code.
class Dma : public Component {
  public:
    Dma(Guest& g, uint64_t seed, const char* name = "dma")
        : Component{g.board.sim, name},
          random_{seed},
          port_{*this, g.board.bus, g.board.stream, "port", {3, 2}, [this](auto) { next(); }},
          timer_{*this, "timer", [this] { start(); }} {
        next();
    }

  private:
    void next() {
        port_.lock(false);
        if (left_-- > 0) timer_.arm_after(Time::ps(random_() % 3'000'000));
    }
    void start() {
        const bool code = random_() % 3 == 0;
        // The immediate of the guest's `add eax, imm8`, or the words that it adds up.
        const uint32_t bytes = code ? 1 : 4 * static_cast<uint32_t>(random_() % 20 + 1);
        for (uint32_t i = 0; i < bytes; ++i)
            port_.buffer()[i] = static_cast<uint8_t>(random_() & 0x7f);
        port_.lock(random_() % 4 == 0);
        port_.request(true, code ? 0x1802 : 0x20000, bytes);
    }
    std::mt19937_64 random_;
    int left_ = 60;
    bus::MasterPort port_;
    Timer timer_;
};

class Log : public observe::Sink {
  public:
    void event(const observe::Stream& stream, const observe::Event& e) override {
        text +=
            fmt::format("{} {} {}\n", e.at.ps(), stream.source_name(e.source), stream.describe(e));
    }
    std::string text;
};

/// Sums, strings, calls, its own code, ports and HLT, in a loop; a handler that counts.
void random_guest(Guest& g, std::mt19937_64& random) {
    g.gate(0x40, 0x3000);
    auto h = g.at(0x3000);
    h.bytes({0x50, 0xff, 0x05}).dword(0x21000);  // push eax; inc [count]
    h.bytes({0xb0}).bytes({static_cast<int>(random() % 190 + 60)}).bytes({0xe6, 0x18, 0x58, 0xcf});
    g.at(0x1800).bytes({0x90, 0x05}).dword(1).bytes({0xc3});  // nop; add eax, imm32; ret
    auto c = g.at(0x1000);
    c.bytes({0xb0, 0x30, 0xe6, 0x18, 0xfb});  // arm the timer; sti
    c.mov(ebp, 40);
    const uint32_t loop = c.here;
    for (int n = 0; n < 30; ++n) {
        switch (random() % 13) {
            case 0:
                c.mov(esi, 0x20000)
                    .mov(ecx, random() % 40 + 1)
                    .bytes({0x03, 0x06, 0x83, 0xc6, 0x04, 0xe2, 0xf9});
                break;
            case 1:
                c.mov(esi, 0x20000).mov(edi, 0x22000).mov(ecx, random() % 30).bytes({0xf3, 0xa5});
                break;
            case 2:
                c.bytes({0xe8}).dword(0x1800 - (c.here + 4));
                break;
            case 3:
                c.bytes({0xe7, 0x10});
                break;  // out 0x10, eax
            case 4:
                c.bytes({0xfe, 0x05}).dword(0x1802);
                break;  // inc byte [code]
            case 5:
                c.bytes({0xfa, 0x40, 0x43, 0xfb, 0x40});
                break;  // cli .. sti
            case 6:
                c.bytes({0x50, 0xb0, static_cast<int>(random() % 90), 0xe6, 0x18, 0xf4, 0x58});
                break;  // arm; hlt
            case 7:
                c.bytes({0x50, 0xe6, 0x19, 0x58});
                break;  // interrupt now
            case 8:
                c.bytes({0x52})
                    .mov(edx, 0x10)
                    .mov(edi, 0x23000)
                    .mov(ecx, random() % 20)
                    .bytes({0xf3, 0x6d, 0x5a});
                break;
            case 9:
                c.mov(ecx, random() % 200 + 1).bytes({0x8d, 0x44, 0x03, 0x01, 0xe2, 0xfa});
                break;
            case 10:
                c.mov(esi, 0x20000 + random() % 64)
                    .bytes({0xdb, 0xe3, 0xdf, 0x2e, 0xda, 0x36})  // fninit; fild, fidiv [esi]
                    .bytes({0xd9, 0xc0, 0xdc, 0xc9, 0xdd, 0x1e, 0xdb, 0x5e, 0x10});
                break;  // fld st; fmul; fstp m64; fistp m32
            case 12:
                c.mov(esi, 0x20000 + random() % 64).bytes({0x87, 0x06});  // xchg [esi], eax
                c.bytes({0xf0, 0x01, 0x1e, 0xf0, 0x0f, 0xc1, 0x1e});  // lock add, lock xadd
                break;
            case 11:
                c.mov(esi, 0x22000).bytes({0xdd, 0x36, 0x9b, 0xdd, 0x26, 0xd9, 0xeb, 0xdb, 0x3e});
                break;  // fnsave; fwait; frstor; fldpi; fstp m80
        }
    }
    c.bytes({0x4d, 0x0f, 0x85}).dword(loop - (c.here + 4));
    c.bytes({0xe7, 0x10, 0xfa}).hlt();
}

/// A bus of any settings.
bus::SystemBusTiming any_bus(std::mt19937_64& random) {
    bus::SystemBusTiming t;
    t.width = 1u << random() % 4;
    t.longest_burst = static_cast<unsigned>(random() % 20);
    t.turnaround_clocks = random() % 2 ? static_cast<unsigned>(random() % 4) : 0;
    t.synchronous = random() % 2;
    t.arbitration = bus::policy_names[random() % bus::policy_names.size()];
    t.tdma_slots = {"processor", "dma", "idle", "processor", "other"};
    t.tdma_slot_clocks = static_cast<unsigned>(random() % 60 + 1);
    t.dma_mode = static_cast<bus::DmaMode>(random() % 3);
    t.posted_writes = random() % 2 ? static_cast<unsigned>(random() % 5) : 0;
    return t;
}

std::string events(uint64_t seed, bool lockstep, const std::string& cache, bool plain = true) {
    std::mt19937_64 random{seed};
    test::Settings settings{{"cache", cache}};
    const char* model = random() % 2 ? "486" : "pentium";
    if (cache == "model") {
        // Small, so that lines have to go; with and without a second level and snooping.
        const char* const sizes[] = {"512B", "1KiB", "model"};
        const char* const seconds[] = {"0", "2KiB", "model"};
        const char* const policies[] = {"model", "write-back", "write-through"};
        if (random() % 3 == 0) model = "p6";
        settings["l1_size"] = sizes[random() % 3];
        settings["l2_size"] = seconds[random() % 3];
        settings["l1_policy"] = policies[random() % 3];
        settings["l2_policy"] = policies[random() % 3];
        settings["l1_allocate"] = random() % 2 ? "yes" : "no";
        settings["l1_replacement"] = random() % 2 ? "lru" : "pseudo-lru";
        settings["snoop"] = random() % 4 ? "true" : "false";
    }
    Guest g{model, settings, Time::ns(90), plain ? bus::SystemBusTiming{} : any_bus(random)};
    g.board.sim.set_lockstep(lockstep);
    Log log;
    observe::KindSet all;
    all.set();
    all.reset(static_cast<size_t>(observe::Kind::instruction));
    g.board.stream.attach(log, all);
    Controller controller{g};
    Dma dma{g, seed};
    std::unique_ptr<Dma> other;
    if (!plain) other = std::make_unique<Dma>(g, seed + 1, "other");
    g.board.bus.assign_slots();
    random_guest(g, random);
    const Outcome& outcome = g.run(0x1000);
    const auto total = g.cpu.attribution().total();
    log.text += fmt::format("outcome {} cycles {} instructions {} interrupts {} sum {}\n",
                            name(outcome.kind), g.cpu.cycles(), total.instructions,
                            total.interrupts, total.total() == g.cpu.cycles());
    for (uint64_t n : total.cycles) log.text += fmt::format("{} ", n);
    const bus::BusSummary account = g.board.bus.summary(g.cpu.local_time());
    log.text += fmt::format("balanced {} idle {} turnaround {} ", account.balanced(),
                            account.idle.ps(), account.turnaround.ps());
    for (const bus::MasterStats& m : account.masters)
        log.text += fmt::format("{} {} {} {} {} ", m.name, m.transactions, m.bytes, m.held.ps(),
                                m.waited.ps());
    for (unsigned r = 0; r < 8; ++r) log.text += fmt::format("{:x} ", g.reg(r));
    return log.text;
}

/// The first line in which two texts differ.
std::string difference(const std::string& a, const std::string& b) {
    std::istringstream x{a}, y{b};
    std::string p, q, before;
    while (true) {
        const bool more = bool(std::getline(x, p)), other = bool(std::getline(y, q));
        if (!more && !other) return {};
        if (p != q || more != other) return before + "\n  fast: " + p + "\n  step: " + q;
        before = p;
    }
}

}  // namespace

uint64_t seeds_asked_for() {
    const char* asked = std::getenv("SOUTHBRIDGE_SEEDS");  // more of them by hand
    return asked ? std::strtoull(asked, nullptr, 10) : 24;
}

TEST_CASE("fast and lockstep give the same events on any bus") {
    const uint64_t seeds = seeds_asked_for();
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
        const std::string cache = seed % 2 ? "model" : seed % 4 ? "none" : "perfect";
        const std::string fast = isolated_text([&] { return events(seed, false, cache, false); });
        const std::string step = isolated_text([&] { return events(seed, true, cache, false); });
        INFO("seed " << seed << " after " << difference(fast, step) << "\nends with "
                     << fast.substr(fast.size() - std::min<size_t>(fast.size(), 600)));
        CHECK((fast == step));
        CHECK(fast.find("outcome halted") != std::string::npos);
        CHECK(fast.find("balanced true") != std::string::npos);
    }
}

TEST_CASE("fast and lockstep give the same events") {
    const uint64_t seeds = seeds_asked_for();
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
        const std::string cache = seed % 2 ? "model" : seed % 4 ? "perfect" : "none";
        const std::string fast = isolated_text([&] { return events(seed, false, cache); });
        const std::string step = isolated_text([&] { return events(seed, true, cache); });
        INFO("seed " << seed << " after " << difference(fast, step));
        CHECK((fast == step));
        CHECK(fast.find("outcome halted") != std::string::npos);
        CHECK(fast.find("sum true") != std::string::npos);
        CHECK(fast.size() > 10'000);
    }
}

TEST_CASE("an interrupt is taken at the first boundary at or after it rose") {
    // A timer raises it while NOPs of one cycle run: 97 ns a unit, 15.152 ns a cycle.
    Guest g{"486"};
    Controller controller{g};
    g.gate(0x40, 0x3000);
    g.at(0x3000).hlt();
    g.at(0x1000).bytes({0xb0, 0xff, 0xe6, 0x18, 0xfb});
    std::fill_n(g.memory + 0x1005, 4000, 0x90);
    g.run(0x1000);
    REQUIRE(controller.acknowledged.size() == 1);
    const Time period = g.cpu.clock().period();
    // mov, then the OUT's access begins at cycle 1: that is when the timer was armed.
    const Time rose = period * 1 + Time::ns(255 * 97);
    CHECK(controller.acknowledged[0] == period * ((rose.ps() + period.ps() - 1) / period.ps()));
    CHECK(g.spent(Cause::interrupt_entry) == 44 + 7);  // 100 ns of acknowledge
    CHECK(g.cpu.attribution().total().interrupts == 1);
}

TEST_CASE("HLT waits for an interrupt and its cycles count as halted") {
    Guest g{"486"};
    Controller controller{g};
    g.gate(0x40, 0x3000);
    g.at(0x3000).bytes({0xcf});
    g.at(0x1000).bytes({0xb0, 0xff, 0xe6, 0x18, 0xfb, 0xf4, 0xfa}).hlt();
    CHECK(g.run(0x1000).kind == Outcome::Kind::halted);
    CHECK(g.cpu.attribution().total().interrupts == 1);
    CHECK(g.spent(Cause::halted) > 1000);
    CHECK(g.cpu.attribution().total().total() == g.cpu.cycles());
}

TEST_CASE("HLT with interrupts enabled and nothing to come leaves the machine idle") {
    Guest g{"486"};
    g.at(0x1000).bytes({0xfb, 0xf4});
    CHECK(g.run(0x1000).kind == Outcome::Kind::running);
    CHECK(g.cpu.state().halted);
    CHECK(g.cpu.describe_state().find("sti") != std::string::npos);
}

TEST_CASE("STI and MOV SS hold interrupts off for one instruction") {
    Guest g{"486"};
    Controller controller{g};
    g.gate(0x40, 0x3000);
    // The return address goes to 0x21000, and what was there to 0x21004.
    g.at(0x3000)
        .bytes({0x8b, 0x04, 0x24})  // mov eax, [esp]
        .bytes({0x87, 0x05})
        .dword(0x21000)  // xchg [0x21000], eax
        .bytes({0xa3})
        .dword(0x21004)  // mov [0x21004], eax
        .bytes({0xcf});  // iret
    g.at(0x1000)
        .bytes({0xe6, 0x19})              // an interrupt, while they are off
        .bytes({0xfb, 0x90, 0x90, 0xfa})  // sti; nop; (here) nop; cli
        .bytes({0x8c, 0xd3, 0xe6, 0x19})  // mov ebx, ss; another one
        .bytes({0xfb, 0x8e, 0xd3, 0x90})  // sti; mov ss, ebx; nop; (here)
        .bytes({0xfa})
        .hlt();
    g.run(0x1000);
    CHECK(g.dword(0x21004) == 0x1004);
    CHECK(g.dword(0x21000) == 0x100e);
}

TEST_CASE("code that was written by itself in the same block is what runs next") {
    Guest g{"486"};
    g.at(0x1000)
        .bytes({0xc6, 0x05})
        .dword(0x1008)
        .bytes({7})  // mov byte [imm of the next], 7
        .bytes({0xb8})
        .dword(1)  // mov eax, 1
        .hlt();
    g.run(0x1000);
    CHECK(g.reg(eax) == 7);
}

TEST_CASE("code that was written by itself in a block that ran before is what runs next") {
    Guest g{"486"};
    g.at(0x2000).bytes({0x83, 0xc0, 0x01, 0xc3});  // add eax, 1; ret
    auto c = g.at(0x1000).mov(eax, 0).mov(ecx, 5);
    const uint32_t loop = c.here;
    c.bytes({0xe8}).dword(0x2000 - (c.here + 4));
    c.bytes({0x80, 0x05}).dword(0x2002).bytes({1});  // add byte [imm], 1
    c.bytes({0x49, 0x0f, 0x85}).dword(loop - (c.here + 4)).hlt();
    g.run(0x1000);
    CHECK(g.reg(eax) == 1 + 2 + 3 + 4 + 5);
}

TEST_CASE("code that was written across a page boundary is what runs next") {
    Guest g{"486"};
    g.at(0x1ffd).mov(eax, 1).hlt();  // its immediate is on the next page
    g.at(0x1000).bytes({0xff, 0x05}).dword(0x1ffe).bytes({0xe9}).dword(0x1ffd - 0x100b);
    g.run(0x1000);
    CHECK(g.reg(eax) == 2);
}

TEST_CASE("a machine that was saved between two instructions goes on as it would have") {
    auto run = [](const std::vector<uint8_t>& saved, Time limit) {
        return isolated_text([&] {
            std::mt19937_64 random{5};
            Guest g{"486", {{"cache", "none"}}};
            Controller controller{g};
            random_guest(g, random);
            g.cpu.state().eip = 0x1000;
            const std::vector<uint8_t> before(g.memory, g.memory + Guest::memory_size);
            if (!saved.empty()) {
                Archive archive = Archive::parse({saved.data(), saved.size() - Guest::memory_size});
                std::copy(saved.end() - Guest::memory_size, saved.end(), g.memory);
                g.board.sim.archive(archive);
            }
            g.board.sim.run(limit);
            if (limit == Time::s(1))
                return fmt::format("{} {} {:x} {:x}", g.cpu.cycles(), g.cpu.instructions(),
                                   g.reg(eax), g.cpu.attribution().total().cycles[5]);
            while (!g.cpu.between_instructions()) g.board.sim.run(limit = limit + 10_ns);
            Archive archive{Archive::Mode::save};
            g.board.sim.archive(archive);
            std::vector<uint8_t> bytes = archive.serialise();
            std::string text(bytes.begin(), bytes.end());
            text.append(reinterpret_cast<char*>(g.memory), Guest::memory_size);
            return text;
        });
    };
    const std::string whole = run({}, Time::s(1));
    for (Time at : {Time::us(20), Time::us(333), Time::us(700)}) {
        const std::string saved = run({}, at);
        CHECK(run({saved.begin(), saved.end()}, Time::s(1)) == whole);
    }
}

TEST_CASE("a loop without any event still ends when asked to") {
    Guest g{"486"};
    const std::atomic<bool> stop{true};
    g.cpu.poll_stop(stop);
    g.at(0x1000).bytes({0xeb, 0xfe});
    CHECK(g.run(0x1000, Time::s(100)).kind == Outcome::Kind::interrupted);
}

TEST_CASE("a run that a port write ends is as long in both modes") {
    auto run = [](bool lockstep) {
        return isolated([=] {
            Guest g{"486"};
            g.board.sim.set_lockstep(lockstep);
            g.ports.on_write = [&](uint32_t v) {
                g.board.sim.finish({Outcome::Kind::guest_exit, v, "done"});
            };
            g.at(0x1000).mov(eax, 3).bytes({0x90, 0x90, 0x90, 0xe7, 0x10, 0x90}).hlt();
            g.run(0x1000);
            return std::array<uint64_t, 3>{g.board.sim.kernel_now().ps(), g.cpu.cycles(),
                                           g.cpu.state().eip};
        });
    };
    const auto fast = run(false);
    CHECK(fast == run(true));
    CHECK(fast[1] == 4 + 11 + 6);
    CHECK(fast[2] == 0x100a);
}
