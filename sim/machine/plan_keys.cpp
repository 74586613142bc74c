// SPDX-License-Identifier: Apache-2.0
//
// The keys of a scenario's tables that are not devices.
#include "cpu/cpu.h"
#include "sim/machine/plan.h"

namespace sb::machine {
namespace {

std::vector<Key> run_keys() {
    return {{"time_limit",
             ValueType::duration,
             "10s",
             "simulated time after which the run ends",
             {},
             1,
             ~uint64_t{0}},
            {"instruction_limit",
             ValueType::integer,
             "0",
             "instructions after which the run ends; 0: no limit",
             {},
             0,
             ~uint64_t{0}},
            {"until", ValueType::text, "", "the run ends when this text appears on a console"},
            {"end",
             ValueType::choice,
             "first",
             "with several machines: the run ends with the first machine's guest, or when all "
             "guests have ended",
             {"first", "all"}}};
}

std::vector<Key> machine_keys() {
    return {{"board", ValueType::choice, "pc", "the standard set of devices", board_names()},
            {"others", ValueType::text, "",
             "further machines, by names with commas between: of \"server\" are the tables "
             "server.cpu, server.guest, server.machine, and its devices"}};
}

// Defaults: the 2-clock single and 2-1-1-1 burst transfers of the Intel486 bus (Intel486
// Microprocessor Hardware Reference Manual, chapter 3), at PCI's clock.
std::vector<Key> bus_keys() {
    return {
        {"clock",
         ValueType::frequency,
         "33.333333MHz",
         "system bus clock",
         {},
         1'000'000,
         1'000'000'000},
        {"width", ValueType::integer, "4", "bytes a beat", {}, 1, 64},
        {"address_clocks", ValueType::integer, "1", "clocks before the first beat", {}, 0, 1000},
        {"data_clocks", ValueType::integer, "1", "clocks a beat", {}, 1, 1000},
        {"longest_burst",
         ValueType::integer,
         "16",
         "beats after which a master lets others on; 0: a whole request is one tenure",
         {},
         0,
         4096},
        {"turnaround_clocks",
         ValueType::integer,
         "0",
         "clocks between the tenures of different owners",
         {},
         0,
         1000},
        {"synchronous", ValueType::boolean, "false",
         "every transaction begins on an edge of the bus clock"},
        {"arbitration", ValueType::choice, "fixed", "who of those that ask is next",
         bus::policy_names},
        {"tdma_slots", ValueType::text, "",
         "arbitration \"tdma\": whose each slot is, in turn, with commas between: bus masters, "
         "\"processor\", \"idle\""},
        {"tdma_slot_clocks", ValueType::integer, "64", "length of a slot", {}, 1, 1'000'000},
        {"dma_mode",
         ValueType::choice,
         "burst",
         "how bus masters take the bus from the processor",
         {"burst", "cycle-stealing", "transparent"}},
        {"posted_writes",
         ValueType::integer,
         "0",
         "entries of the processor's write buffer; 0: none",
         {},
         0,
         64},
        {"processor_priority",
         ValueType::integer,
         "8",
         "the processor's priority: smaller numbers win (after every bus master: a PC's processor "
         "yields the bus)",
         {},
         0,
         255},
        {"processor_weight",
         ValueType::integer,
         "1",
         "the processor's tenures in a round (arbitration \"weighted\")",
         {},
         1,
         1000}};
}

// Defaults: PCI of the boards of the time; the host bridge's buffers are the 21071-DA's (4 lines of
// 32 bytes for writes, 2 for reads; DECchip 21071 data), it claims at medium speed, as the
// 82441FX's status register says, and adds no wait states of its own [not published].
std::vector<Key> pci_keys() {
    std::vector<Key> keys{
        {"timing",
         ValueType::choice,
         "cycles",
         "model the bus's own cycles, or let masters straight onto the system bus",
         {"cycles", "none"}},
        {"clock", ValueType::frequency, "33.333333MHz", "PCI clock", {}, 1'000'000, 1'000'000'000},
        {"width", ValueType::integer, "32", "bits: 32 or 64", {}, 32, 64},
        {"arbitration_clocks",
         ValueType::integer,
         "2",
         "clocks from a request on an idle bus to the address phase",
         {},
         0,
         1000},
        {"devsel",
         ValueType::choice,
         "medium",
         "decode speed of the host bridge",
         {"fast", "medium", "slow"}},
        {"write_latency",
         ValueType::integer,
         "0",
         "wait states of the host bridge before a write's first data phase",
         {},
         0,
         10},
        {"read_latency",
         ValueType::integer,
         "0",
         "clocks from data in the host bridge to its data phase",
         {},
         0,
         10},
        {"posting",
         ValueType::size,
         "128B",
         "the host bridge's buffer for writes, in lines of 32 bytes",
         {},
         32,
         2048},
        {"prefetch",
         ValueType::size,
         "64B",
         "what the host bridge reads ahead, in lines of 32 bytes",
         {},
         32,
         1024}};
    // The host bridge's, on the system bus: before the processor.
    for (const Key& key : bus::master_keys(1)) keys.push_back(key);
    return keys;
}

std::vector<Key> guest_keys() {
    return {
        {"program", ValueType::text, "",
         "what runs without firmware: the name of a shipped guest, or the path of an ELF file, a "
         "Linux bzImage or a boot sector"},
        {"initrd", ValueType::file, "",
         "initial RAM disk of a Linux kernel, or module of a "
         "Multiboot one"},
        {"append", ValueType::text, "", "added to the guest's command line"}};
}

}  // namespace

const std::vector<KeyGroup>& key_groups() {
    static const std::vector<KeyGroup> groups{
        {"run", "the run itself", run_keys()},
        {"machine", "which machine", machine_keys()},
        {"cpu", "the processor", cpu::processor_keys()},
        {"bus", "the system bus", bus_keys()},
        {"pci_bus", "the PCI bus", pci_keys()},
        {"guest", "what runs inside", guest_keys()},
    };
    return groups;
}

}  // namespace sb::machine
