// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_BYTE_ORDER_H
#define GUEST_NETWORK_BYTE_ORDER_H

// Numbers as they are on the wire: the most significant byte first, at any address.

#include <cstdint>

namespace guest {

class [[gnu::packed]] Big16 {
  public:
    constexpr Big16() = default;
    constexpr Big16(uint16_t value) : raw_(__builtin_bswap16(value)) {}
    constexpr operator uint16_t() const { return __builtin_bswap16(raw_); }
    constexpr uint16_t in_memory() const { return raw_; }  // As this processor reads it.

  private:
    uint16_t raw_ = 0;
};

class [[gnu::packed]] Big32 {
  public:
    constexpr Big32() = default;
    constexpr Big32(uint32_t value) : raw_(__builtin_bswap32(value)) {}
    constexpr operator uint32_t() const { return __builtin_bswap32(raw_); }

  private:
    uint32_t raw_ = 0;
};

}  // namespace guest

#endif
