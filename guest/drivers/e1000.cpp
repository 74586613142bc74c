// SPDX-License-Identifier: Apache-2.0
//
// Names in the comments beside constants are the manual's, from chapter 13 where nothing else is
// said.
#include "drivers/e1000.h"

#include "network/drop.h"
#include "network/work.h"
#include "runtime/clock.h"
#include "runtime/io.h"
#include "runtime/memory.h"
#include "runtime/pci_interrupts.h"
#include "runtime/print.h"

namespace guest {
namespace {

constexpr uint16_t kDevice82540em = 0x100e;

// Of CTRL.
constexpr uint32_t kLinkReset = 1u << 3;           // LRST.
constexpr uint32_t kAutomaticSpeed = 1u << 5;      // ASDE.
constexpr uint32_t kSetLinkUp = 1u << 6;           // SLU.
constexpr uint32_t kInvertLossOfSignal = 1u << 7;  // ILOS.
constexpr uint32_t kReset = 1u << 26;              // RST: clears itself.
constexpr uint32_t kPhyReset = 1u << 31;           // PHY_RST.

constexpr uint32_t kLinkUp = 1u << 1;  // LU of STATUS.

// Of EERD.
constexpr uint32_t kEepromStart = 1u << 0;
constexpr uint32_t kEepromDone = 1u << 4;
constexpr uint32_t kEepromAddressShift = 8;
constexpr uint32_t kEepromDataShift = 16;

// Of ICR, IMS and IMC.
constexpr uint32_t kTransmitWrittenBack = 1u << 0;  // TXDW.
constexpr uint32_t kLinkChange = 1u << 2;           // LSC.
constexpr uint32_t kReceiveThreshold = 1u << 4;     // RXDMT0: the receive ring runs low.
constexpr uint32_t kReceiveOverrun = 1u << 6;       // RXO.
constexpr uint32_t kReceiveTimer = 1u << 7;         // RXT0: a packet has come, delays included.
constexpr uint32_t kReceiveCauses = kReceiveThreshold | kReceiveTimer;
constexpr uint32_t kEnabledCauses = kReceiveCauses | kTransmitWrittenBack | kLinkChange;
constexpr uint32_t kAllCauses = 0xffffffff;

// Of RCTL. The buffer size of 2048 bytes (BSIZE, BSEX) and the receive threshold at half of the
// ring (RDMTS) are 0.
constexpr uint32_t kReceiverEnable = 1u << 1;    // EN.
constexpr uint32_t kAcceptBroadcast = 1u << 15;  // BAM.
constexpr uint32_t kStripFcs = 1u << 26;         // SECRC.
static_assert(Packet::kBufferBytes == 2048);

// Of TCTL: the values for full duplex.
constexpr uint32_t kTransmitterEnable = 1u << 1;               // EN.
constexpr uint32_t kPadShortPackets = 1u << 3;                 // PSP.
constexpr uint32_t kCollisionThreshold = 15u << 4;             // CT.
constexpr uint32_t kCollisionDistance = 64u << 12;             // COLD.
constexpr uint32_t kInterPacketGaps = 10 | 8 << 10 | 6 << 20;  // TIPG: IPGT, IPGR1, IPGR2.

// Of RXDCTL and TXDCTL: every descriptor is written back as soon as the controller is done with it.
constexpr uint32_t kWriteBackEach = 1u << 16;     // WTHRESH of 1,
constexpr uint32_t kCountDescriptors = 1u << 24;  // in descriptors: GRAN.

constexpr uint32_t kAddressValid = 1u << 31;  // AV of RAH.
constexpr uint32_t kMulticastWords = 128;     // Of MTA.

// Of descriptors (sections 3.2.3 and 3.3.3).
constexpr uint8_t kDone = 1u << 0;         // DD of the status.
constexpr uint8_t kEndOfPacket = 1u << 1;  // EOP of the status.
constexpr uint8_t kFrameErrors =
    1u << 0 | 1u << 1 | 1u << 2 | 1u << 4 | 1u << 7;  // CE SE SEQ CXE RXE.
constexpr uint8_t kCommandEndOfPacket = 1u << 0;      // EOP of the command.
constexpr uint8_t kCommandInsertFcs = 1u << 1;        // IFCS.
constexpr uint8_t kCommandReportStatus = 1u << 3;     // RS.
constexpr uint8_t kCommandDelay = 1u << 7;            // IDE: the interrupt waits for TIDV.

// Descriptors go back to the controller several at a time, since each time is a register write: as
// many as this, but no more than a quarter of the ring.
constexpr uint32_t kMostReturnedAtOnce = 16;

constexpr uint32_t kRingAlignment = 128;
constexpr uint32_t kTimeoutSeconds = 1;
constexpr uint32_t kLinkSeconds = 3;  // Two stations take about two to agree on a rate.

}  // namespace

enum class E1000::Register : uint32_t {
    kControl = 0x0000,             // CTRL.
    kStatus = 0x0008,              // STATUS.
    kEepromRead = 0x0014,          // EERD.
    kCauseRead = 0x00c0,           // ICR: a read clears it.
    kThrottling = 0x00c4,          // ITR.
    kMaskSet = 0x00d0,             // IMS.
    kMaskClear = 0x00d8,           // IMC.
    kReceiveControl = 0x0100,      // RCTL.
    kTransmitControl = 0x0400,     // TCTL.
    kInterPacketGap = 0x0410,      // TIPG.
    kReceiveBase = 0x2800,         // RDBAL.
    kReceiveBaseHigh = 0x2804,     // RDBAH.
    kReceiveBytes = 0x2808,        // RDLEN.
    kReceiveHead = 0x2810,         // RDH.
    kReceiveTail = 0x2818,         // RDT.
    kReceiveDelay = 0x2820,        // RDTR.
    kReceiveThresholds = 0x2828,   // RXDCTL.
    kReceiveAbsolute = 0x282c,     // RADV.
    kTransmitBase = 0x3800,        // TDBAL.
    kTransmitBaseHigh = 0x3804,    // TDBAH.
    kTransmitBytes = 0x3808,       // TDLEN.
    kTransmitHead = 0x3810,        // TDH.
    kTransmitTail = 0x3818,        // TDT.
    kTransmitDelay = 0x3820,       // TIDV.
    kTransmitThresholds = 0x3828,  // TXDCTL.
    kTransmitAbsolute = 0x382c,    // TADV.
    kFcsErrors = 0x4000,           // CRCERRS: statistics, which a read clears.
    kMissed = 0x4010,              // MPC.
    kMulticastTable = 0x5200,      // MTA.
    kAddressLow = 0x5400,          // RAL of the first address.
    kAddressHigh = 0x5404,         // RAH.
};

uint32_t E1000::read(Register reg) const {
    return read_mmio32(registers_ + static_cast<uint32_t>(reg));
}

void E1000::write(Register reg, uint32_t value) const {
    write_mmio32(registers_ + static_cast<uint32_t>(reg), value);
}

// Section 14.3, "General Configuration", and what follows there.
bool E1000::is_there(uint32_t number) {
    return pci::find_device(pci::kIntel, kDevice82540em, number).has_value();
}

NetworkError E1000::open(PacketPool& pool) {
    const auto function = pci::find_device(pci::kIntel, kDevice82540em, number_);
    if (!function) return NetworkError::kNoDevice;
    function_ = *function;
    registers_ = pci::enable_memory(function_);
    if (registers_ == 0) return NetworkError::kNotSupported;
    pool_ = &pool;

    clock::start_counter(clock::kFullPeriod);  // PollLimit counts on it.
    NetworkError error = reset();
    if (error == NetworkError::kNone) error = read_mac();
    if (error == NetworkError::kNone) error = open_receiver();
    if (error != NetworkError::kNone) return error;
    open_transmitter();
    return wait_for_link();
}

NetworkError E1000::reset() {
    write(Register::kMaskClear, kAllCauses);
    write(Register::kControl, read(Register::kControl) | kReset);
    clock::PollLimit limit(kTimeoutSeconds);
    while (read(Register::kControl) & kReset) {
        if (limit.over()) return NetworkError::kTimeout;
    }
    write(Register::kMaskClear, kAllCauses);
    read(Register::kCauseRead);
    // The PHY agrees with the other end about the rate, and the controller follows it.
    const uint32_t control = read(Register::kControl);
    write(Register::kControl, (control & ~(kLinkReset | kPhyReset | kInvertLossOfSignal)) |
                                  kSetLinkUp | kAutomaticSpeed);
    return NetworkError::kNone;
}

// Words 0 to 2 of the EEPROM, the low byte of each first (table 5-2).
NetworkError E1000::read_mac() {
    for (uint8_t i = 0; i < 3; ++i) {
        uint16_t word;
        const NetworkError error = read_eeprom(i, word);
        if (error != NetworkError::kNone) return error;
        mac_.bytes[2 * i] = static_cast<uint8_t>(word);
        mac_.bytes[2 * i + 1] = static_cast<uint8_t>(word >> 8);
    }
    const bool is_group = mac_.bytes[0] & 1;  // An empty EEPROM reads as all ones.
    return is_group || mac_ == MacAddress{} ? NetworkError::kBadEeprom : NetworkError::kNone;
}

NetworkError E1000::read_eeprom(uint8_t address, uint16_t& word) {
    write(Register::kEepromRead, kEepromStart | address << kEepromAddressShift);
    clock::PollLimit limit(kTimeoutSeconds);
    uint32_t value;
    while (!((value = read(Register::kEepromRead)) & kEepromDone)) {
        if (limit.over()) return NetworkError::kTimeout;
    }
    word = static_cast<uint16_t>(value >> kEepromDataShift);
    return NetworkError::kNone;
}

// Section 14.4, "Receive Initialization". One descriptor always stays the driver's: equal pointers
// mean an empty ring.
NetworkError E1000::open_receiver() {
    const auto* bytes = mac_.bytes;
    write(Register::kAddressLow,
          bytes[0] | bytes[1] << 8 | bytes[2] << 16 | static_cast<uint32_t>(bytes[3]) << 24);
    write(Register::kAddressHigh, bytes[4] | bytes[5] << 8 | kAddressValid);
    for (uint32_t i = 0; i < kMulticastWords; ++i) {
        write_mmio32(registers_ + static_cast<uint32_t>(Register::kMulticastTable) + 4 * i, 0);
    }

    returned_at_once_ =
        rings_.receive / 4 < kMostReturnedAtOnce ? rings_.receive / 4 : kMostReturnedAtOnce;
    void* memory = allocate(rings_.receive * sizeof(ReceiveDescriptor), kRingAlignment);
    receive_ring_ = {static_cast<ReceiveDescriptor*>(memory), rings_.receive};
    receive_packets_ = allocate_array<Packet*>(rings_.receive);
    for (uint32_t i = 0; i < rings_.receive; ++i) {
        Packet* packet = pool_->take();
        if (packet == nullptr) return NetworkError::kNoBuffers;
        receive_packets_[i] = packet;
        receive_ring_[i] = {.address = physical_address(packet->data)};
    }
    write(Register::kReceiveBase, physical_address(memory));
    write(Register::kReceiveBaseHigh, 0);
    write(Register::kReceiveBytes, receive_ring_.size_bytes());
    write(Register::kReceiveHead, 0);
    write(Register::kReceiveTail, rings_.receive - 1);
    write(Register::kReceiveThresholds, kCountDescriptors | kWriteBackEach);
    set_moderation({});
    write(Register::kReceiveControl, kReceiverEnable | kAcceptBroadcast | kStripFcs);
    return NetworkError::kNone;
}

// Section 14.5, "Transmit Initialization".
void E1000::open_transmitter() {
    void* memory = allocate(rings_.transmit * sizeof(TransmitDescriptor), kRingAlignment);
    transmit_ring_ = {static_cast<TransmitDescriptor*>(memory), rings_.transmit};
    transmit_packets_ = allocate_array<Packet*>(rings_.transmit);
    write(Register::kTransmitBase, physical_address(memory));
    write(Register::kTransmitBaseHigh, 0);
    write(Register::kTransmitBytes, transmit_ring_.size_bytes());
    write(Register::kTransmitHead, 0);
    write(Register::kTransmitTail, 0);
    write(Register::kTransmitThresholds, kCountDescriptors | kWriteBackEach);
    write(Register::kInterPacketGap, kInterPacketGaps);
    write(Register::kTransmitControl,
          kTransmitterEnable | kPadShortPackets | kCollisionThreshold | kCollisionDistance);
}

NetworkError E1000::wait_for_link() {
    clock::PollLimit limit(kLinkSeconds);
    while (!(read(Register::kStatus) & kLinkUp)) {
        if (limit.over()) return NetworkError::kNoLink;
    }
    return NetworkError::kNone;
}

bool E1000::has_received() { return receive_ring_[receive_next_].status & kDone; }

uint32_t E1000::poll(uint32_t budget, PacketHandler& handler) {
    uint32_t taken = 0;
    for (; taken < budget && has_received(); ++taken) {
        if (taken == 0) packet::handler_begins(registers_);
        Packet* packet = take(receive_ring_[receive_next_], receive_packets_[receive_next_]);
        receive_next_ = (receive_next_ + 1) & (rings_.receive - 1);
        if (++not_returned_ == returned_at_once_) return_descriptors();
        if (packet != nullptr) handler.handle(*packet);
    }
    return taken;
}

// The packet of a descriptor that the controller has filled, or nothing where it cannot be had. The
// descriptor is as new then.
Packet* E1000::take(ReceiveDescriptor& descriptor, Packet*& slot) {
    Packet& filled = *slot;
    filled.number = packet::received_at(physical_address(filled.data));
    filled.bytes = descriptor.bytes;
    filled.interface = interface_;
    packet::taken(filled.number);
    work(work_);

    const bool whole = descriptor.status & kEndOfPacket;
    const bool damaged = !whole || (descriptor.errors & kFrameErrors);
    Packet* fresh = damaged ? nullptr : pool_->take();
    Packet* received = nullptr;
    if (fresh == nullptr) {
        statistics_.damaged += damaged;
        Drops::count_in_place(filled, damaged ? DropPlace::kDamaged : DropPlace::kNoBuffer);
    } else {
        ++statistics_.received;
        statistics_.received_bytes += filled.bytes;
        if (copying_) {
            memcpy(fresh->data, filled.data, filled.bytes);
            fresh->bytes = filled.bytes;
            fresh->number = filled.number;
            fresh->interface = interface_;
            received = fresh;
        } else {
            slot = fresh;
            descriptor.address = physical_address(fresh->data);
            received = &filled;
        }
    }
    descriptor.status = 0;
    return received;
}

// All descriptors but the one before the next to be filled.
void E1000::return_descriptors() {
    not_returned_ = 0;
    write(Register::kReceiveTail, (receive_next_ + rings_.receive - 1) & (rings_.receive - 1));
}

bool E1000::transmit(Packet& packet) {
    const uint32_t next = (transmit_tail_ + 1) & (rings_.transmit - 1);
    if (next == transmit_head_) return false;
    const uint32_t address = physical_address(packet.data);
    transmit_packets_[transmit_tail_] = &packet;
    transmit_ring_[transmit_tail_] = {.address = address,
                                      .bytes = static_cast<uint16_t>(packet.bytes),
                                      .command = transmit_command_};
    transmit_tail_ = next;
    ++statistics_.transmitted;
    statistics_.transmitted_bytes += packet.bytes;
    if (packet.number != packet::kNone) packet::forwarded(packet.number, address);
    write(Register::kTransmitTail, next);
    return true;
}

uint32_t E1000::reclaim(uint32_t budget) {
    uint32_t reclaimed = 0;
    for (; reclaimed < budget && transmit_head_ != transmit_tail_; ++reclaimed) {
        if (!(transmit_ring_[transmit_head_].status & kDone)) break;
        pool_->give(*transmit_packets_[transmit_head_]);
        transmit_head_ = (transmit_head_ + 1) & (rings_.transmit - 1);
    }
    return reclaimed;
}

uint32_t E1000::in_transmission() const {
    return (transmit_tail_ - transmit_head_) & (rings_.transmit - 1);
}

bool E1000::attach(InterruptBy way, InterruptHandler handler, void* context) {
    return way == InterruptBy::kMessage ? pci::attach_message(function_, handler, context)
                                        : pci::attach_interrupt(function_, handler, context);
}

void E1000::enable_interrupts(uint8_t causes) {
    write(Register::kMaskSet, (causes & cause::kReceive ? kReceiveCauses : 0) |
                                  (causes & cause::kTransmit ? kTransmitWrittenBack : 0) |
                                  (causes & cause::kLink ? kLinkChange : 0));
}

void E1000::disable_interrupts() { write(Register::kMaskClear, kAllCauses); }

uint8_t E1000::acknowledge() {
    const uint32_t causes = read(Register::kCauseRead);
    if (!(causes & kEnabledCauses)) return 0;
    packet::handler_begins(registers_);
    statistics_.overruns += (causes & kReceiveOverrun) != 0;
    return (causes & kReceiveCauses ? cause::kReceive : 0) |
           (causes & kTransmitWrittenBack ? cause::kTransmit : 0) |
           (causes & kReceiveOverrun ? cause::kOverrun : 0) |
           (causes & kLinkChange ? cause::kLink : 0);
}

// A delay of 0 for transmitted packets is not allowed (TIDV): then descriptors do not ask for one.
bool E1000::set_moderation(const Moderation& moderation) {
    write(Register::kThrottling, moderation.itr);
    write(Register::kReceiveDelay, moderation.rdtr);
    write(Register::kReceiveAbsolute, moderation.radv);
    write(Register::kTransmitDelay, moderation.tidv != 0 ? moderation.tidv : 1);
    write(Register::kTransmitAbsolute, moderation.tadv);
    transmit_command_ = kCommandEndOfPacket | kCommandInsertFcs | kCommandReportStatus |
                        (moderation.tidv != 0 ? kCommandDelay : 0);
    return true;
}

const NetworkStatistics& E1000::statistics() {
    statistics_.missed += read(Register::kMissed);
    statistics_.damaged += read(Register::kFcsErrors);
    return statistics_;
}

void E1000::print_state() const {
    print(
        "e1000 {}:{}.{}: control {08x}, status {08x}, receive head {} tail {}, transmit head {} "
        "tail {}\n",
        function_.bus, function_.device, function_.function, read(Register::kControl),
        read(Register::kStatus), read(Register::kReceiveHead), read(Register::kReceiveTail),
        read(Register::kTransmitHead), read(Register::kTransmitTail));
}

}  // namespace guest
