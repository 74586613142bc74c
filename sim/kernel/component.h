// SPDX-License-Identifier: Apache-2.0
//
// A node of the machine: it has a name, reads the time, and declares its state. A component is an
// sc_module, so it may own TLM sockets, and the SystemC hierarchy is the component tree. Most
// components have no process: they act in timers and in register accesses.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/kernel/archive.h"
#include "sim/kernel/simulation.h"

namespace sb {

class Counter;

class Component : public sc_core::sc_module {
  public:
    Component(Simulation& sim, const std::string& name);
    ~Component() override;

    Simulation& simulation() const { return sim_; }
    /// The machine that it is part of.
    Domain& domain() const { return domain_; }
    /// The time as this component must see it: the kernel's, plus the offset of the access in
    /// progress. The only clock that a device may read.
    Time now() const { return sim_.now(); }
    std::string path() const { return sc_core::sc_module::name(); }
    /// The path of a component of the same machine that its board knows as `name`.
    std::string path_of(const std::string& name) const;

    /// Reports what the real part leaves undefined or forbids. `what` is a string literal; `detail`
    /// makes a text, and is called for the first occurrence only.
    template <typename Detail>
    void finding(const char* what, Detail&& detail) const {
        if (Finding* first = note(what)) first->first = detail();
    }
    void finding(const char* what) const { note(what); }

    /// Adds one item of state, visited on every save and load. Called while constructing.
    void declare_state(std::string name, std::function<void(Archive&)> visit);
    void archive(Archive& archive);

    void declare_counter(const Counter& counter) { counters_.push_back(&counter); }
    const std::vector<const Counter*>& counters() const { return counters_; }

  private:
    struct Item {
        std::string name;
        std::function<void(Archive&)> visit;
    };

    Finding* note(const char* what) const { return sim_.findings().add(path(), what, now()); }

    Simulation& sim_;
    Domain& domain_;
    std::vector<Item> state_;
    std::vector<const Counter*> counters_;
};

/// A declared member of plain type: `State<uint8_t> vector{*this, "vector", 0};`
template <typename T>
class State {
  public:
    State(Component& owner, std::string name, T initial = {}) : value_{initial} {
        owner.declare_state(name, [this, name](Archive& archive) { archive.value(name, value_); });
    }
    State(const State&) = delete;

    operator const T&() const { return value_; }
    const T& get() const { return value_; }
    T* operator->() { return &value_; }
    T& ref() { return value_; }
    State& operator=(const T& v) {
        value_ = v;
        return *this;
    }

  private:
    T value_;
};

}  // namespace sb
