// SPDX-License-Identifier: Apache-2.0
//
// Memory and integer work, at privilege level 0 without paging: a pointer chase and a running sum
// over 4 MiB, a sort, a matrix product, a table-driven CRC-32, a sieve, calls through pointers.
#include "bare.h"

namespace {

using bare::Random;

constexpr uint32_t kRounds = BARE_ROUNDS;
constexpr uint32_t kWords = 1024 * 1024;
constexpr uint32_t kSorted = 64 * 1024;
constexpr uint32_t kSide = 96;

// From 4 MiB on, as bare.ld says.
uint32_t* const words = reinterpret_cast<uint32_t*>(0x400000);
uint32_t* const numbers = reinterpret_cast<uint32_t*>(0x800000);
uint32_t crc_table[256];
uint32_t left[kSide][kSide], right[kSide][kSide], product[kSide][kSide];

void make_crc_table() {
    for (uint32_t n = 0; n < 256; ++n) {
        uint32_t c = n;
        for (unsigned bit = 0; bit < 8; ++bit) c = c & 1 ? 0xedb88320 ^ c >> 1 : c >> 1;
        crc_table[n] = c;
    }
}

uint32_t crc(const uint8_t* data, uint32_t bytes) {
    uint32_t c = ~0u;
    for (uint32_t n = 0; n < bytes; ++n) c = crc_table[(c ^ data[n]) & 0xff] ^ c >> 8;
    return ~c;
}

// One cycle through all words in random order (Sattolo's algorithm).
void make_chain(Random& random) {
    for (uint32_t i = 0; i < kWords; ++i) words[i] = i;
    for (uint32_t i = kWords - 1; i != 0; --i) {
        const uint32_t j = random.next() % i;
        const uint32_t word = words[i];
        words[i] = words[j];
        words[j] = word;
    }
}

// A part of the way each time: nearly every step misses the host's caches, and more of them would
// only measure those.
uint32_t chase() {
    static uint32_t at = 0;
    uint32_t sum = 0;
    for (uint32_t n = 0; n < kWords / 16; ++n) {
        at = words[at];
        sum = sum * 3 + at;
    }
    return sum;
}

void sort(uint32_t* first, uint32_t* last) {
    while (last - first > 16) {
        const uint32_t pivot = first[(last - first) / 2];
        uint32_t *low = first, *high = last - 1;
        while (low <= high) {
            while (*low < pivot) ++low;
            while (*high > pivot) --high;
            if (low > high) break;
            const uint32_t word = *low;
            *low++ = *high;
            *high-- = word;
        }
        sort(first, high + 1);
        first = low;
    }
    for (uint32_t* at = first + 1; at < last; ++at) {
        const uint32_t word = *at;
        uint32_t* to = at;
        for (; to > first && to[-1] > word; --to) *to = to[-1];
        *to = word;
    }
}

uint32_t multiply() {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < kSide; ++i)
        for (uint32_t j = 0; j < kSide; ++j) {
            uint32_t cell = 0;
            for (uint32_t k = 0; k < kSide; ++k) cell += left[i][k] * right[k][j];
            product[i][j] = cell;
            sum ^= cell + i * j;
        }
    return sum;
}

uint32_t sieve() {
    auto* const composite = reinterpret_cast<uint8_t*>(numbers);
    constexpr uint32_t limit = 256 * 1024;
    for (uint32_t n = 0; n < limit; ++n) composite[n] = 0;
    uint32_t primes = 0;
    for (uint32_t n = 2; n < limit; ++n) {
        if (composite[n]) continue;
        ++primes;
        for (uint32_t m = 2 * n; m < limit; m += n) composite[m] = 1;
    }
    return primes;
}

uint32_t rotate(uint32_t v) { return v << 5 | v >> 27; }
uint32_t mix(uint32_t v) { return v * 2654435761u ^ v >> 15; }
uint32_t fold(uint32_t v) { return v / 7 + v % 13; }
uint32_t (*const volatile steps[])(uint32_t) = {rotate, mix, fold, rotate};

uint32_t call() {
    uint32_t v = 12345;
    for (uint32_t n = 0; n < 500'000; ++n) v = steps[n & 3](v) + n;
    return v;
}

uint32_t work() {
    Random random;
    make_crc_table();
    make_chain(random);
    for (uint32_t i = 0; i < kSide; ++i)
        for (uint32_t j = 0; j < kSide; ++j) {
            left[i][j] = random.next() >> 16;
            right[i][j] = random.next() >> 16;
        }
    uint32_t sum = 0;
    for (uint32_t round = 0; round < kRounds; ++round) {
        for (uint32_t n = 0; n < kSorted; ++n) numbers[n] = random.next();
        sort(numbers, numbers + kSorted);
        sum = sum * 31 + crc(reinterpret_cast<uint8_t*>(numbers), kSorted * 4);
        sum = sum * 31 + chase();
        sum = sum * 31 + multiply();
        sum = sum * 31 + sieve();
        sum = sum * 31 + call();
    }
    return sum;
}

}  // namespace

void bare_main() {
    bare::say("start\n");
    bare::done(work());
}
