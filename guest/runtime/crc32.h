// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_CRC32_H
#define GUEST_RUNTIME_CRC32_H

// The CRC-32 of IEEE 802.3, as zlib and gzip compute it: the CRC of "123456789" is 0xcbf43926.

#include <cstddef>
#include <cstdint>

namespace guest {

// Continues from the CRC of what came before; 0 is the CRC of nothing.
uint32_t crc32(const void* data, size_t bytes, uint32_t before = 0);

}  // namespace guest

#endif
