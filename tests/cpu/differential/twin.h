// SPDX-License-Identifier: Apache-2.0
//
// Unicorn as the other side: memory of its own, laid out alike, and hooks that do what the stubs in
// the guest's kernel do on ours, since Unicorn delivers no exception through an IDT.
#pragma once

#include <unicorn/unicorn.h>

#include <string>
#include <vector>

#include "tests/cpu/differential/layout.h"

namespace sb::test {

class Twin {
  public:
    explicit Twin(const Setup& setup);
    ~Twin();
    Twin(const Twin&) = delete;
    Twin& operator=(const Twin&) = delete;

    uint8_t* memory() const { return memory_; }
    /// Code was written here behind the emulator's back.
    void code_changed(uint32_t at, uint32_t bytes);
    /// Runs the records that there are; the first call begins with the initialisation, and its
    /// first sequence must be INT3. Empty, or what went wrong.
    std::string run();

  private:
    static void interrupted(uc_engine*, uint32_t number, void* self);
    static bool invalid(uc_engine*, void* self);
    static uint32_t port_in(uc_engine*, uint32_t port, int bytes, void* self);
    static void port_out(uc_engine*, uint32_t port, int bytes, uint32_t v, void* self);
    void fault(uint32_t vector);
    void forget_exception();
    void set(uint32_t at, uint32_t v);

    const Setup setup_;
    uc_engine* uc_ = nullptr;
    uint8_t* memory_ = nullptr;
    uc_context* clean_ = nullptr;
    bool started_ = false;
    std::vector<std::pair<uint32_t, uint32_t>>
        flags_;  // at exceptions: where they belong, and what
    bool ended_ = false;
    bool faulted_ = false;
};

}  // namespace sb::test
