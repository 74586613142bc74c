// SPDX-License-Identifier: Apache-2.0
#include "network/bottom_half.h"

#include "network/phase.h"
#include "runtime/interrupt_guard.h"
#include "runtime/interrupts.h"
#include "runtime/io.h"

namespace guest::bottom_half {
namespace {

constinit Function bottom_half = nullptr;
constinit void* bottom_half_context = nullptr;
constinit volatile bool held = false;
constinit volatile bool requested = false;

// With interrupts off, as it leaves them.
void run_requested() {
    if (held) return;
    while (requested) {
        requested = false;
        held = true;
        {
            const Phases::Scope phase(Phase::kBottomHalf);
            enable_interrupts();
            bottom_half(bottom_half_context);
            disable_interrupts();
        }
        held = false;
    }
}

}  // namespace

void open(Function function, void* context) {
    bottom_half = function;
    bottom_half_context = context;
    set_interrupt_exit(run_requested);
}

void request() { requested = true; }

Hold::Hold() : before_(held) { held = true; }

Hold::~Hold() {
    const InterruptGuard guard;
    held = before_;
    run_requested();
}

// The bottom half has to wait for the handler that is being interrupted.
InterruptibleHandler::InterruptibleHandler() : before_(held) {
    held = true;
    enable_interrupts();
}

InterruptibleHandler::~InterruptibleHandler() {
    disable_interrupts();
    held = before_;
}

}  // namespace guest::bottom_half
