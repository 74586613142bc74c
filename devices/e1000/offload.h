// SPDX-License-Identifier: Apache-2.0
//
// Checksums and segmentation, on bytes: what the controller computes for software. Sources: the
// manual, 3.2.9 (receive checksums), 3.5 (TCP segmentation), 3.6 (transmit checksums); RFC 1071,
// 791, 793, 768, 8200.
#pragma once

#include <cstdint>
#include <span>

namespace sb::devices::e1000 {

/// The ones' complement sum of big-endian 16-bit words, folded to 16 bits; a last odd byte is an
/// upper half.
uint16_t ones_sum(std::span<const uint8_t> bytes, uint32_t start = 0);

/// The Ethernet FCS (IEEE 802.3, 3.2.9), its first byte on the wire lowest.
uint32_t fcs(std::span<const uint8_t> bytes);

/// What the receiver found out of a frame's checksums.
struct ReceivedChecksums {
    bool ip = false;  // there is an IPv4 header, and its checksum was computed
    bool ip_good = false;
    bool transport = false;  // there is TCP or UDP, and its checksum was computed
    bool transport_good = false;
};

/// Looks into an Ethernet II or SNAP frame, tag stripped. Of fragments, and of UDP without a
/// checksum, the transport's is not computed (3.2.9, tables 3-5 and 3-7). IPv6 extension headers
/// are not followed.
ReceivedChecksums check_received(std::span<const uint8_t> frame);

/// Where a checksum is computed, and put: offsets from the frame's first byte. `end` is the last
/// byte; 0: of the frame.
struct ChecksumPlan {
    uint32_t start = 0;
    uint32_t at = 0;
    uint32_t end = 0;
};

/// Puts the checksum over start to end (what stands at its place included) there. Nothing is done
/// where it does not lie in the frame (3.6). `zero_is_ones`: UDP's rule.
void insert_checksum(std::span<uint8_t> frame, const ChecksumPlan& plan, bool zero_is_ones = false);

/// A segmentation under way (3.5.9): what changes in the header of each frame.
struct Segmentation {
    uint32_t ip = 0;         // IPCSS
    uint32_t transport = 0;  // TUCSS
    uint32_t header = 0;     // HDRLEN
    bool ipv4 = false;
    bool tcp = false;
};

/// Makes frame `index` out of the prototype header and its payload: lengths, IP identification,
/// sequence number, flags. `offset` is that of its payload in all of it. Checksums come after it.
void update_header(std::span<uint8_t> frame, const Segmentation& what, uint32_t index,
                   uint32_t offset, bool last);

/// Adds the transport's length to the pseudo header's sum that software left in the checksum's
/// place (3.5.7).
void add_length(std::span<uint8_t> frame, const ChecksumPlan& plan);

}  // namespace sb::devices::e1000
