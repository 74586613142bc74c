// SPDX-License-Identifier: Apache-2.0
#include "tests/scenarios/random_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>
#include <sstream>
#include <vector>

#include "sim/machine/machine.h"
#include "tests/support/isolated.h"

namespace sb::test {
namespace {

constexpr uint64_t mega = 1'000'000;

class Writer {
  public:
    explicit Writer(uint64_t seed) : seed_{seed}, random_{seed} {}

    std::string text() {
        // Slots say who is next: there is no other mode with them.
        tdma_ = one_in(5);
        dma_mode_ = tdma_ ? "burst" : any({"burst", "burst", "cycle-stealing", "transparent"});
        run_and_guest();
        processor();
        memory();
        bus();
        pci();
        engines();
        const std::string policy = tdma_ ? slots()
                                         : fmt::format("arbitration = \"{}\"\n",
                                                       any({"fixed", "round-robin", "weighted"}));
        return text_.insert(policy_at_, policy);
    }

  private:
    uint64_t below(uint64_t n) { return random_() % n; }
    uint64_t between(uint64_t least, uint64_t most) { return least + below(most - least + 1); }
    bool one_in(uint64_t n) { return below(n) == 0; }
    template <typename T>
    T of(std::initializer_list<T> list) {
        return list.begin()[below(list.size())];
    }
    std::string any(std::initializer_list<const char*> list) { return of<const char*>(list); }

    void table(const std::string& name) { text_ += fmt::format("[{}]\n", name); }
    void text(const char* key, const std::string& value) {
        text_ += fmt::format("{} = \"{}\"\n", key, value);
    }
    void number(const char* key, uint64_t value) { text_ += fmt::format("{} = {}\n", key, value); }
    void flag(const char* key, bool value) { text_ += fmt::format("{} = {}\n", key, value); }
    /// A round figure, or any.
    void clock(const char* key, uint64_t least, uint64_t most) {
        text(key, one_in(2) ? fmt::format("{}MHz", between(least, most))
                            : fmt::format("{}Hz", between(least * mega, most * mega)));
    }

    void run_and_guest() {
        engines_ = below(5);
        const std::string isa = one_in(3) ? any({"copy", "play", "record"}) : "none";
        text_ += fmt::format("title = \"Random machine {}\"\n", seed_);
        table("run");
        text("time_limit", "100s");
        table("guest");
        text("program", SOUTHBRIDGE_BINARY_DIR "/guest/random_transfers.elf");
        table("guest.parameters");
        number("seed", below(1u << 31));
        number("engines", engines_);
        number("rounds", between(1, 5));
        number("most", of<uint64_t>({1, 5, 64, 600, 3000, 6000}));
        text("completion", dma_mode_ == "transparent"
                               ? any({"interrupt", "message"})
                               : any({"polling", "interrupt", "message", "mixed"}));
        number("stops", dma_mode_ != "transparent");
        text("disk", one_in(2) ? any({"polled", "interrupt", "dma", "dma"}) : "none");
        text("isa", isa);
        text("irq", any({"pic", "apic"}));
        if (isa == "play" || isa == "record") {
            table("sound");
            text("device", "sound-blaster");
        }
        table("dma");
        number("wait_states", below(3));
        if (one_in(2)) clock("clock", 2, 20);
        table("disk");
        text("size", "1MiB");
        text("fill", "pattern");
        if (one_in(2)) text("read_overhead", fmt::format("{}us", between(1, 200)));
    }

    void processor() {
        table("cpu");
        text("model", any({"386", "486", "486", "pentium", "p6", "ideal"}));
        clock("clock", 12, 250);
        const std::string cache = any({"none", "none", "perfect", "model", "model"});
        text("cache", cache);
        if (cache == "model") caches();
    }

    void caches() {
        if (one_in(4)) flag("snoop", false);
        if (one_in(2)) return;
        number("l1_line", of<uint64_t>({16, 32, 64}));
        text("l1_size", any({"0", "1KiB", "4KiB", "8KiB", "32KiB"}));
        number("l1_ways", of<uint64_t>({1, 2, 4}));
        text("l1_policy", any({"write-back", "write-through"}));
        text("l1_allocate", any({"yes", "no"}));
        text("l1_replacement", any({"pseudo-lru", "lru"}));
        text("l2_size", any({"0", "8KiB", "64KiB"}));
        number("l2_ways", of<uint64_t>({1, 2, 4}));
        text("l2_policy", any({"write-back", "write-through"}));
        number("l2_clocks", between(1, 20));
    }

    void memory() {
        table("memory");
        text("size", any({"4MiB", "8MiB", "16MiB"}));
        number("first_wait", one_in(2) ? 0 : below(6));
        number("next_wait", one_in(2) ? 0 : below(3));
        text("dram", any({"none", "none", "edo-60", "sdram-pc100"}));
    }

    void bus() {
        table("bus");
        // Who has one slot of many needs a bus that is not the slowest, or drivers lose patience.
        clock("clock", tdma_ ? 25 : 6, 133);
        number("width", uint64_t{1} << (tdma_ ? between(2, 4) : below(5)));
        number("address_clocks", below(4));
        number("data_clocks", between(1, 3));
        number("longest_burst", one_in(2) ? of<uint64_t>({0, 1, 2, 4, 16, 64}) : between(1, 40));
        number("turnaround_clocks", one_in(2) ? 0 : below(4));
        flag("synchronous", one_in(2));
        text("dma_mode", dma_mode_);
        number("posted_writes", one_in(2) ? 0 : below(9));
        number("processor_priority", below(12));
        number("processor_weight", between(1, 5));
        policy_at_ = text_.size();
    }

    void pci() {
        table("pci_bus");
        text("timing", any({"cycles", "cycles", "none"}));
        clock("clock", 10, 70);
        number("width", of<uint64_t>({32, 64}));
        number("arbitration_clocks", below(5));
        text("devsel", any({"fast", "medium", "slow"}));
        number("write_latency", below(5));
        number("read_latency", below(5));
        text("posting", any({"32B", "64B", "128B", "1024B"}));
        text("prefetch", any({"32B", "64B", "256B"}));
        table("isa_bridge");
        text("bus", any({"isa", "lpc"}));
    }

    void engines() {
        std::set<uint64_t> slots;
        for (uint64_t n = 0; n < engines_; ++n) {
            uint64_t slot = between(2, 20);
            while (!slots.insert(slot).second) slot = between(2, 20);
            table(fmt::format("engine{}", n));
            text("device", "axi-cdma");
            number("slot", slot);
            if (one_in(3)) continue;
            clock("clock", 10, 250);
            text("data_width", any({"32", "32", "64", "128", "512"}));
            text("burst_length", any({"2", "4", "8", "16", "64", "256"}));
            number("buffer_bursts", between(2, 8));
            number("prefetch", below(9));
            number("start_clocks", below(50));
            number("descriptor_clocks", below(50));
            number("forward_clocks", below(50));
            text("access_time", fmt::format("{}ns", below(300)));
            number("bus_priority", below(16));
            number("bus_weight", between(1, 4));
        }
    }

    /// With time division each master has a slot or more, in any order, and some are nobody's.
    /// Whose there can be is known once the machine is built.
    std::string slots() {
        const std::string names = isolated_text([this] {
            machine::Machine machine{
                machine::make_plan(machine::Scenario::parse(text_, "slots", {})), {}};
            std::string list;
            for (const bus::MasterStats* master : machine.chassis().bus.masters())
                list += master->name + "\n";
            return list;
        });
        std::istringstream in{names};
        std::vector<std::string> slots;
        for (std::string name; std::getline(in, name);)
            for (uint64_t times = between(1, 2); times != 0; --times) slots.push_back(name);
        slots.resize(slots.size() + slots.size() / 2, bus::SystemBus::processor_slot);
        for (uint64_t idle = below(3); idle != 0; --idle)
            slots.push_back(bus::SystemBus::idle_slot);
        std::shuffle(slots.begin(), slots.end(), random_);
        std::string list;
        for (const std::string& slot : slots) list += (list.empty() ? "" : ", ") + slot;
        return fmt::format("arbitration = \"tdma\"\ntdma_slot_clocks = {}\ntdma_slots = \"{}\"\n",
                           between(30, 100), list);
    }

    uint64_t seed_;
    std::mt19937_64 random_;
    std::string text_;
    bool tdma_ = false;
    std::string dma_mode_;
    uint64_t engines_ = 0;
    size_t policy_at_ = 0;  // of the bus's arbitration in the text
};

}  // namespace

std::string random_machine(uint64_t seed) { return Writer{seed}.text(); }

}  // namespace sb::test
