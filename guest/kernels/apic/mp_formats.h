// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_KERNELS_APIC_MP_FORMATS_H
#define GUEST_KERNELS_APIC_MP_FORMATS_H

// What the tables of the MultiProcessor Specification 1.4, chapter 4, look like in memory. No code.

#include <cstdint>

namespace guest::mp {

struct FloatingPointer {            // Section 4.1.
    char signature[4];              // "_MP_"
    uint32_t table;                 // The address of a TableHeader, or 0.
    uint8_t paragraphs;             // The length of this structure, in units of 16 bytes.
    uint8_t revision;               // 4: version 1.4.
    uint8_t checksum;               // Makes the sum of all bytes 0.
    uint8_t default_configuration;  // Feature byte 1: where not 0, a configuration of chapter 5.
    uint8_t features;               // Feature byte 2.
    uint8_t reserved[3];
};
static_assert(sizeof(FloatingPointer) == 16);

namespace feature {
inline constexpr uint8_t kImcrPresent = 1u << 7;  // Starts in PIC mode; the IMCR leads out of it.
}

struct TableHeader {    // Section 4.2.
    char signature[4];  // "PCMP"
    uint16_t bytes;     // Of this header and the entries.
    uint8_t revision;
    uint8_t checksum;
    char oem[8];
    char product[12];
    uint32_t oem_table;
    uint16_t oem_table_bytes;
    uint16_t entries;
    uint32_t local_apic;  // Address.
    uint16_t extended_bytes;
    uint8_t extended_checksum;
    uint8_t reserved;
};
static_assert(sizeof(TableHeader) == 44);

enum class EntryType : uint8_t {  // Section 4.3; the first byte of each entry.
    kProcessor = 0,
    kBus = 1,
    kIoApic = 2,
    kIoInterrupt = 3,
    kLocalInterrupt = 4,
};

struct Processor {  // Section 4.3.1. The others are shorter.
    EntryType type;
    uint8_t local_apic_id;
    uint8_t local_apic_version;
    uint8_t flags;
    uint32_t signature;
    uint32_t cpu_features;
    uint32_t reserved[2];
};
static_assert(sizeof(Processor) == 20);

namespace processor_flag {
inline constexpr uint8_t kEnabled = 1u << 0;
inline constexpr uint8_t kBootstrap = 1u << 1;
}  // namespace processor_flag

struct Bus {  // Section 4.3.2.
    EntryType type;
    uint8_t id;
    char name[6];  // "ISA   ", "PCI   "; table 4-8.
};
static_assert(sizeof(Bus) == 8);

struct IoApic {  // Section 4.3.3.
    EntryType type;
    uint8_t id;
    uint8_t version;
    uint8_t flags;
    uint32_t address;
};
static_assert(sizeof(IoApic) == 8);

namespace io_apic_flag {
inline constexpr uint8_t kEnabled = 1u << 0;
}

struct Interrupt {  // Sections 4.3.4 and 4.3.5.
    EntryType type;
    uint8_t interrupt_type;
    uint16_t flags;
    uint8_t source_bus;
    uint8_t source_irq;
    uint8_t destination_apic;
    uint8_t destination_input;
};
static_assert(sizeof(Interrupt) == 8);

namespace interrupt_type {
inline constexpr uint8_t kVectored = 0;  // "INT": the vector is the I/O APIC's.
}

namespace interrupt_flag {  // Where neither of two bits is set, it is as usual on the bus.
inline constexpr uint16_t kPolarityMask = 3u << 0;
inline constexpr uint16_t kActiveLow = 3u << 0;
inline constexpr uint16_t kTriggerMask = 3u << 2;
inline constexpr uint16_t kLevel = 3u << 2;
}  // namespace interrupt_flag

}  // namespace guest::mp

#endif
