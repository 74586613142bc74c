// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_QUEUE_H
#define GUEST_RUNTIME_QUEUE_H

// A queue between an interrupt handler, which puts, and a program, which takes with interrupts off.

#include <cstdint>
#include <optional>

namespace guest {

template <typename Element, uint32_t kCapacity>
class Queue {
  public:
    // False if it is full: the element is lost, as there is nobody to wait for.
    bool put(Element element) {
        if (put_ - taken_ == kCapacity) return false;
        elements_[put_ % kCapacity] = element;
        put_ = put_ + 1;
        return true;
    }

    std::optional<Element> take() {
        if (taken_ == put_) return std::nullopt;
        const Element element = elements_[taken_ % kCapacity];
        taken_ = taken_ + 1;
        return element;
    }

    bool empty() const { return taken_ == put_; }

  private:
    // The counts run on and wrap around at 2^32, which is a multiple of the capacity.
    static_assert((kCapacity & (kCapacity - 1)) == 0);
    Element elements_[kCapacity] = {};
    volatile uint32_t put_ = 0;
    volatile uint32_t taken_ = 0;
};

// Characters typed, from whichever keyboard or line.
using CharacterQueue = Queue<char, 256>;

}  // namespace guest

#endif
