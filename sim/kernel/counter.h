// SPDX-License-Identifier: Apache-2.0
//
// A counted quantity of a component: declared with its name, unit and description, part of the
// component's saved state, listed in results without further code.
#pragma once

#include "sim/kernel/component.h"

namespace sb {

class Counter {
  public:
    Counter(Component& owner, const char* name, const char* unit, const char* doc)
        : name_{name}, unit_{unit}, doc_{doc} {
        owner.declare_counter(*this);
        owner.declare_state(name, [this](Archive& a) { a.value(name_, value_); });
    }
    Counter(const Counter&) = delete;
    Counter& operator=(const Counter&) = delete;

    void operator+=(uint64_t n) { value_ += n; }
    void operator++() { ++value_; }
    uint64_t value() const { return value_; }
    const char* name() const { return name_; }
    const char* unit() const { return unit_; }
    const char* doc() const { return doc_; }

  private:
    const char* name_;
    const char* unit_;
    const char* doc_;
    uint64_t value_ = 0;
};

}  // namespace sb
