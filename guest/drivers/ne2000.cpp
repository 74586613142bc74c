// SPDX-License-Identifier: Apache-2.0
//
// Names in the comments beside constants are the datasheet's, section 10.
#include "drivers/ne2000.h"

#include "network/drop.h"
#include "network/work.h"
#include "runtime/clock.h"
#include "runtime/interrupts.h"
#include "runtime/io.h"
#include "runtime/memory.h"
#include "runtime/print.h"

namespace guest {
namespace {

// Of the card, besides the chip's 16 registers.
constexpr uint16_t kDataPort = 0x10;   // 16 bits wide.
constexpr uint16_t kResetPort = 0x1f;  // A read resets the chip.

// Of CR. Remote DMA is always one of read, write and abort.
constexpr uint8_t kStop = 1 << 0;         // STP.
constexpr uint8_t kStart = 1 << 1;        // STA.
constexpr uint8_t kTransmit = 1 << 2;     // TXP: reads as 1 until the packet is out.
constexpr uint8_t kRemoteRead = 1 << 3;   // RD0.
constexpr uint8_t kRemoteWrite = 1 << 4;  // RD1.
constexpr uint8_t kRemoteAbort = 1 << 5;  // RD2.
constexpr uint8_t kPage1 = 1 << 6;        // PS0.

// Of ISR and IMR.
constexpr uint8_t kReceived = 1 << 0;      // PRX.
constexpr uint8_t kSent = 1 << 1;          // PTX.
constexpr uint8_t kReceiveError = 1 << 2;  // RXE.
constexpr uint8_t kSendError = 1 << 3;     // TXE: given up after 16 collisions.
constexpr uint8_t kOverflow = 1 << 4;      // OVW.
constexpr uint8_t kCounters = 1 << 5;      // CNT: one of them is half full.
constexpr uint8_t kRemoteDone = 1 << 6;    // RDC.
constexpr uint8_t kResetState = 1 << 7;    // RST: never interrupts.

// Of DCR: word transfers in this processor's order, no loopback, a FIFO threshold of 8 bytes.
constexpr uint8_t kWordTransfers = 1 << 0;    // WTS.
constexpr uint8_t kNoLoopback = 1 << 3;       // LS.
constexpr uint8_t kThreshold8Bytes = 2 << 5;  // FT1.

constexpr uint8_t kAcceptBroadcast = 1 << 2;  // AB of RCR.
constexpr uint8_t kMonitor = 1 << 5;          // MON of RCR: nothing is stored.
constexpr uint8_t kLoopbackInside = 1 << 1;   // LB0 of TCR.
constexpr uint8_t kIntact = 1 << 0;           // PRX of the receive status.

// The card's memory, in pages of 256 bytes. Its address prom is at 0.
constexpr uint8_t kFirstPage = 0x40;
constexpr uint8_t kPagesForOne = 6;  // Of the longest frame.
constexpr uint8_t kRingStart = kFirstPage + 2 * kPagesForOne;
constexpr uint8_t kRingStop = 0x80;
constexpr uint32_t kPageBytesOnCard = 256;
static_assert(kPagesForOne * kPageBytesOnCard >= kMostFrameBytes);

constexpr uint8_t transmit_page(uint32_t buffer) {
    return static_cast<uint8_t>(kFirstPage + buffer * kPagesForOne);
}

// What the controller puts before a packet (section 7, "Storage Format for Received Packets").
constexpr uint32_t kFcsBytes = 4;
struct RingHeader {
    uint8_t status;
    uint8_t next_page;
    uint16_t bytes;  // With the FCS, which follows the packet.
};
static_assert(sizeof(RingHeader) == 4);

constexpr uint32_t kTimeoutSeconds = 1;

// A port of an ISA card takes at least half a microsecond: together more than the 1.6 ms that the
// controller may need to come to rest (section 7, "Buffer Ring Overflow").
constexpr uint32_t kReadsUntilStopped = 4000;

}  // namespace

// Registers of page 0 by what they are when read (R) and written (W), and of page 1.
enum class Ne2000::Register : uint8_t {
    kCommand = 0x0,                // CR.
    kRingStartPage = 0x1,          // PSTART, W.
    kRingStopPage = 0x2,           // PSTOP, W.
    kBoundary = 0x3,               // BNRY: the last page that is free.
    kTransmitPage = 0x4,           // TPSR, W.
    kTransmitBytes = 0x5,          // TBCR0 and 1, W.
    kInterruptStatus = 0x7,        // ISR.
    kRemoteAddress = 0x8,          // RSAR0 and 1, W.
    kRemoteBytes = 0xa,            // RBCR0 and 1, W.
    kReceiveConfiguration = 0xc,   // RCR, W.
    kAlignmentErrors = 0xd,        // CNTR0, R: a read clears it.
    kTransmitConfiguration = 0xd,  // TCR, W.
    kFcsErrors = 0xe,              // CNTR1, R.
    kDataConfiguration = 0xe,      // DCR, W.
    kMissed = 0xf,                 // CNTR2, R.
    kInterruptMask = 0xf,          // IMR, W.
    kAddress = 0x1,                // Page 1: PAR0 to 5,
    kCurrentPage = 0x7,            // CURR,
    kMulticast = 0x8,              // MAR0 to 7.
};

uint8_t Ne2000::read(Register reg) const { return read_port8(port_ + static_cast<uint8_t>(reg)); }

void Ne2000::write(Register reg, uint8_t value) const {
    write_port8(port_ + static_cast<uint8_t>(reg), value);
}

void Ne2000::write16(Register low, uint16_t value) const {
    write_port8(port_ + static_cast<uint8_t>(low), static_cast<uint8_t>(value));
    write_port8(port_ + static_cast<uint8_t>(low) + 1, static_cast<uint8_t>(value >> 8));
}

NetworkError Ne2000::open(PacketPool& pool) {
    pool_ = &pool;
    clock::start_counter(clock::kFullPeriod);  // PollLimit counts on it.
    const NetworkError error = reset();
    if (error != NetworkError::kNone) return error;
    read_mac();
    open_receiver();
    return NetworkError::kNone;
}

NetworkError Ne2000::reset() {
    constexpr uint8_t kNothingThere = 0xff;
    if (read(Register::kCommand) == kNothingThere) return NetworkError::kNoDevice;
    write_port8(port_ + kResetPort, read_port8(port_ + kResetPort));
    clock::PollLimit limit(kTimeoutSeconds);
    while (!(read(Register::kInterruptStatus) & kResetState)) {
        if (limit.over()) return NetworkError::kTimeout;
    }
    return NetworkError::kNone;
}

// The prom gives a byte for each word.
void Ne2000::read_mac() {
    write(Register::kCommand, kStop | kRemoteAbort);
    write(Register::kDataConfiguration, kWordTransfers | kNoLoopback | kThreshold8Bytes);
    write(Register::kReceiveConfiguration, kMonitor);
    write(Register::kTransmitConfiguration, kLoopbackInside);
    uint16_t prom[sizeof(MacAddress)];
    copy_in(prom, 0, sizeof prom);
    for (uint32_t i = 0; i < std::size(prom); ++i) mac_.bytes[i] = static_cast<uint8_t>(prom[i]);
}

// Section 11, "Initialization Procedures", from step 4 on.
void Ne2000::open_receiver() {
    write(Register::kCommand, kStop | kRemoteAbort);
    write16(Register::kRemoteBytes, 0);
    write(Register::kRingStartPage, kRingStart);
    write(Register::kRingStopPage, kRingStop);
    write(Register::kInterruptStatus, 0xff);
    set_mask(0);

    write(Register::kCommand, kStop | kRemoteAbort | kPage1);
    for (uint8_t i = 0; i < sizeof(MacAddress); ++i) {
        write_port8(port_ + static_cast<uint8_t>(Register::kAddress) + i, mac_.bytes[i]);
    }
    for (uint8_t i = 0; i < 8; ++i) {
        write_port8(port_ + static_cast<uint8_t>(Register::kMulticast) + i, 0);
    }
    constexpr uint8_t kFirst = kRingStart + 1;
    write(Register::kCurrentPage, kFirst);
    write(Register::kCommand, kStop | kRemoteAbort);
    set_next_page(kFirst);

    write(Register::kCommand, kStart | kRemoteAbort);
    write(Register::kTransmitConfiguration, 0);
    write(Register::kReceiveConfiguration, kAcceptBroadcast);
}

void Ne2000::copy_in(void* to, uint16_t address, uint32_t bytes) const {
    write16(Register::kRemoteBytes, static_cast<uint16_t>(bytes));
    write16(Register::kRemoteAddress, address);
    write(Register::kCommand, kStart | kRemoteRead);
    read_port16_block(port_ + kDataPort, to, bytes / 2);
}

// False if the card does not take it all.
bool Ne2000::copy_out(uint16_t address, const void* from, uint32_t bytes) const {
    write(Register::kInterruptStatus, kRemoteDone);
    write16(Register::kRemoteBytes, static_cast<uint16_t>(bytes));
    write16(Register::kRemoteAddress, address);
    write(Register::kCommand, kStart | kRemoteWrite);
    write_port16_block(port_ + kDataPort, from, bytes / 2);
    for (uint32_t reads = 0; reads < kReadsUntilStopped; ++reads) {
        if (read(Register::kInterruptStatus) & kRemoteDone) return true;
    }
    return false;
}

// Where the controller receives: the ring is empty up to there.
uint8_t Ne2000::current_page() const {
    write(Register::kCommand, kStart | kRemoteAbort | kPage1);
    const uint8_t page = read(Register::kCurrentPage);
    write(Register::kCommand, kStart | kRemoteAbort);
    return page;
}

// The boundary stays one page behind, as equal pointers mean a full ring.
void Ne2000::set_next_page(uint8_t page) {
    next_page_ = page;
    write(Register::kBoundary, page == kRingStart ? kRingStop - 1 : page - 1);
}

uint32_t Ne2000::poll(uint32_t budget, PacketHandler& handler) {
    // Without interrupts nobody else asks.
    if (mask_ == 0 && !overflowed_ && (read(Register::kInterruptStatus) & kOverflow)) {
        ++statistics_.overruns;
        stop_after_overflow();
    }
    uint32_t taken = 0;
    for (uint8_t current = current_page(); taken < budget && next_page_ != current; ++taken) {
        if (taken == 0) packet::handler_begins_port(port_);
        Packet* packet = take();
        if (packet != nullptr) handler.handle(*packet);
        if (next_page_ == current) current = current_page();
    }
    if (overflowed_) restart_after_overflow();
    return taken;
}

// The packet at next_page_, or nothing where it cannot be had; it is off the ring then.
Packet* Ne2000::take() {
    Packet here;  // Until there is a buffer.
    here.number = packet::received_at_page(port_, next_page_);
    RingHeader header;
    const uint16_t address = static_cast<uint16_t>(next_page_ * kPageBytesOnCard);
    copy_in(&header, address, sizeof header);
    packet::taken(here.number);
    work(work_);

    const uint32_t bytes = header.bytes - kFcsBytes;
    const bool damaged = !(header.status & kIntact) || bytes > kMostFrameBytes ||
                         header.next_page < kRingStart || header.next_page >= kRingStop;
    Packet* packet = damaged ? nullptr : pool_->take();
    if (packet == nullptr) {
        statistics_.damaged += damaged;
        Drops::count_in_place(here, damaged ? DropPlace::kDamaged : DropPlace::kNoBuffer);
    } else {
        // Across the end of the ring the address goes on at its start by itself (section 9).
        copy_in(packet->data, address + sizeof header, (bytes + 1) & ~1);
        packet->bytes = bytes;
        packet->number = here.number;
        packet->interface = interface_;
        ++statistics_.received;
        statistics_.received_bytes += bytes;
    }
    // A header that makes no sense does not say where the next one is: then all is given up.
    set_next_page(damaged ? current_page() : header.next_page);
    return packet;
}

// The packet is in the card's memory when this returns, and its buffer is free again.
bool Ne2000::transmit(Packet& packet) {
    if (loaded_ == std::size(bytes_) || overflowed_) return false;
    const uint32_t buffer = (first_ + loaded_) % std::size(bytes_);
    uint32_t bytes = packet.bytes;
    if (bytes < kLeastFrameBytes) {
        memset(packet.data + bytes, 0, kLeastFrameBytes - bytes);  // The controller does not pad.
        bytes = kLeastFrameBytes;
    }
    const uint8_t page = transmit_page(buffer);
    if (!copy_out(page * kPageBytesOnCard, packet.data, (bytes + 1) & ~1)) return false;
    bytes_[buffer] = static_cast<uint16_t>(bytes);
    ++statistics_.transmitted;
    statistics_.transmitted_bytes += bytes;
    if (packet.number != packet::kNone) packet::forwarded_from_page(packet.number, port_, page);
    pool_->give(packet);
    if (++loaded_ == 1) start_transmission();
    return true;
}

void Ne2000::start_transmission() {
    write(Register::kTransmitPage, transmit_page(first_));
    write16(Register::kTransmitBytes, bytes_[first_]);
    write(Register::kCommand, kStart | kTransmit | kRemoteAbort);
}

uint32_t Ne2000::reclaim(uint32_t) {
    if (loaded_ == 0 || overflowed_ || (read(Register::kCommand) & kTransmit)) return 0;
    first_ = (first_ + 1) % std::size(bytes_);
    if (--loaded_ != 0) start_transmission();
    return 1;
}

bool Ne2000::attach(InterruptBy way, InterruptHandler handler, void* context) {
    if (way != InterruptBy::kLine) return false;
    attach_irq(irq_, handler, context);
    return true;
}

void Ne2000::set_mask(uint8_t mask) {
    mask_ = mask;
    write(Register::kInterruptMask, mask);
}

void Ne2000::enable_interrupts(uint8_t causes) {
    set_mask((causes & cause::kReceive ? kReceived | kOverflow | kCounters : 0) |
             (causes & cause::kTransmit ? kSent | kSendError : 0));
}

void Ne2000::disable_interrupts() { set_mask(0); }

// On ISA's bus an interrupt is an edge: until all of what the controller reports has been cleared,
// there is none. An overflow is cleared once there is room again, in poll().
uint8_t Ne2000::acknowledge() {
    uint8_t status = 0;
    for (;;) {
        const uint8_t more =
            read(Register::kInterruptStatus) & mask_ & ~(overflowed_ ? kOverflow : 0);
        if (more == 0) break;
        status |= more;
        if (more & kOverflow) stop_after_overflow();
        write(Register::kInterruptStatus, more & ~kOverflow);
    }
    if (status == 0) return 0;
    packet::handler_begins_port(port_);
    if (status & kCounters) statistics();
    statistics_.overruns += (status & kOverflow) != 0;
    return (status & kReceived ? cause::kReceive : 0) |
           (status & kOverflow ? cause::kReceive | cause::kOverrun : 0) |
           (status & (kSent | kSendError) ? cause::kTransmit : 0);
}

// Section 7, "Buffer Ring Overflow", steps 1 to 7. What was being sent has to be sent again if the
// controller did not report that it was.
void Ne2000::stop_after_overflow() {
    const bool was_sending = read(Register::kCommand) & kTransmit;
    write(Register::kCommand, kStop | kRemoteAbort);
    for (uint32_t reads = 0; reads < kReadsUntilStopped; ++reads) {
        if (read(Register::kInterruptStatus) & kResetState) break;
    }
    write16(Register::kRemoteBytes, 0);
    send_again_ = was_sending && !(read(Register::kInterruptStatus) & (kSent | kSendError));
    write(Register::kTransmitConfiguration, kLoopbackInside);
    write(Register::kCommand, kStart | kRemoteAbort);
    overflowed_ = true;
}

// Steps 9 to 11: packets have been taken off the ring. Disabling all interrupts for a moment makes
// a new edge of what has been reported meanwhile.
void Ne2000::restart_after_overflow() {
    overflowed_ = false;
    write(Register::kInterruptStatus, kOverflow);
    write(Register::kTransmitConfiguration, 0);
    if (send_again_) write(Register::kCommand, kStart | kTransmit | kRemoteAbort);
    send_again_ = false;
    write(Register::kInterruptMask, 0);
    write(Register::kInterruptMask, mask_);
}

const NetworkStatistics& Ne2000::statistics() {
    statistics_.missed += read(Register::kMissed);
    statistics_.damaged += read(Register::kAlignmentErrors) + read(Register::kFcsErrors);
    return statistics_;
}

void Ne2000::print_state() const {
    print(
        "ne2000 at {x}: command {02x}, status {02x}, boundary {02x}, next page {02x}, current page "
        "{02x}\n",
        port_, read(Register::kCommand), read(Register::kInterruptStatus),
        read(Register::kBoundary), next_page_, current_page());
}

}  // namespace guest
