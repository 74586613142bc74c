// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_ARITHMETIC_H
#define GUEST_RUNTIME_ARITHMETIC_H

#include <cstdint>

namespace guest {

// 64-bit division on a 32-bit machine. The `/` of C++ would call the compiler's support library,
// which is built for newer processors than a 486 and so is not linked.
struct Quotient {
    uint64_t quotient;
    uint32_t remainder;
};

// Schoolbook long division with digits of 32 bits. DIV divides EDX:EAX, and raises #DE where the
// quotient exceeds 32 bits: the high digit's remainder is below the divisor, so it never does.
inline Quotient divide(uint64_t dividend, uint32_t divisor) {
    const uint32_t high = static_cast<uint32_t>(dividend >> 32);
    uint32_t low = static_cast<uint32_t>(dividend);
    uint32_t remainder = high % divisor;
    asm("divl %2" : "+a"(low), "+d"(remainder) : "rm"(divisor) : "cc");
    return {(static_cast<uint64_t>(high / divisor) << 32) | low, remainder};
}

}  // namespace guest

#endif
