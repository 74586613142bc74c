// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_GUESTS_RANDOM_PROCESSOR_H
#define TESTS_GUESTS_RANDOM_PROCESSOR_H

#include "random_transfers.h"
#include "runtime/check.h"
#include "runtime/io.h"

namespace guest {

// What the processor does in memory of its own: each operation once there and once in the copy.
class Processor {
  public:
    explicit Processor(Random& random) : mirror_(2 * kPageBytes, random) {}

    void work(Random& random, uint32_t operations) {
        for (; operations != 0; --operations) work_once(random);
    }
    void check() const { mirror_.check("the processor's memory"); }

  private:
    static constexpr uint32_t kStringBytes = 200;

    void work_once(Random& random) {
        const uint32_t at = random.below(mirror_.bytes() - kStringBytes);
        const uint32_t to = random.below(mirror_.bytes() - kStringBytes);
        uint8_t* const here = mirror_.memory;
        uint8_t* const there = mirror_.expected;
        const uint32_t value = random.next();
        switch (random.below(9)) {
            case 0:
                write(here + at, value);
                write(there + at, value);
                break;
            case 1:
                check_equal(read(here + at), read(there + at), "a word that the processor read");
                break;
            case 2:
                check_equal(exchange(here + at, value), exchange(there + at, value),
                            "a word that the processor exchanged");
                break;
            case 3:
                add(here + at, value);
                add(there + at, value);
                break;
            case 4: {
                const uint32_t words = 1 + value % (kStringBytes / 4);
                move_words(here + to, here + at, words);
                move_words(there + to, there + at, words);
                break;
            }
            case 5: {
                const uint32_t bytes = 1 + value % kStringBytes;
                store_bytes(here + at, static_cast<uint8_t>(value >> 8), bytes);
                store_bytes(there + at, static_cast<uint8_t>(value >> 8), bytes);
                break;
            }
            case 6:
                mirror_.put(at, static_cast<uint8_t>(value));
                break;
            case 7:
                access_ports(random);
                break;
            case 8:
                stay_inside(value % 200);
                break;
        }
    }

    // Page registers of the 8237A that belong to no channel keep what is written.
    static void access_ports(Random& random) {
        constexpr uint16_t kStorage = 0x84;
        const uint8_t value = static_cast<uint8_t>(random.next());
        write_port8(kStorage, value);
        check_equal(read_port8(kStorage), value, "a port");
    }

    static void write(uint8_t* at, uint32_t value) {
        asm volatile("movl %1, (%0)" ::"r"(at), "r"(value) : "memory");
    }
    static uint32_t read(const uint8_t* at) {
        uint32_t value;
        asm volatile("movl (%1), %0" : "=r"(value) : "r"(at) : "memory");
        return value;
    }
    static uint32_t exchange(uint8_t* at, uint32_t value) {
        asm volatile("xchgl %0, (%1)" : "+r"(value) : "r"(at) : "memory");
        return value;
    }
    static void add(uint8_t* at, uint32_t value) {
        asm volatile("lock addl %1, (%0)" ::"r"(at), "r"(value) : "memory", "cc");
    }
    static void move_words(uint8_t* to, const uint8_t* from, uint32_t words) {
        asm volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(words)::"memory");
    }
    static void store_bytes(uint8_t* to, uint8_t value, uint32_t bytes) {
        asm volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
    }
    static void stay_inside(uint32_t turns) {
        while (turns-- != 0) asm volatile("" ::: "memory");
    }

    Mirror mirror_;
};

}  // namespace guest

#endif
