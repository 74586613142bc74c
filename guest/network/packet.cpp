// SPDX-License-Identifier: Apache-2.0
#include "network/packet.h"

#include "runtime/memory.h"

namespace guest {

PacketPool::PacketPool(uint32_t packets) {
    constexpr uint32_t kCacheLine = 64;
    constexpr uint32_t kStorage = Packet::kHeadroom + Packet::kBufferBytes;
    static_assert(kStorage % kCacheLine == 0);
    uint8_t* storage = static_cast<uint8_t*>(allocate(packets * kStorage, kCacheLine));
    for (Packet& packet : allocate_array<Packet>(packets)) {
        packet = {.buffer = storage + Packet::kHeadroom};
        storage += kStorage;
        give(packet);
    }
}

}  // namespace guest
