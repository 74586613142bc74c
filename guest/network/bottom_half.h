// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_BOTTOM_HALF_H
#define GUEST_NETWORK_BOTTOM_HALF_H

// The two halves of an interrupt. A handler, the top half, does what cannot wait and requests the
// bottom half, which runs when the last handler returns, with interrupts on: before the program
// goes on, but interrupted by more top halves. Kernels call it a software interrupt, or a softirq.

namespace guest::bottom_half {

using Function = void (*)(void* context);

// From now on this is the bottom half. It never interrupts itself.
void open(Function function, void* context);

// From a handler, or with interrupts off.
void request();

// Keeps the bottom half back for as long as it lives: for a program's code that uses what the
// bottom half uses. One requested meanwhile runs at the end of it.
class Hold {
  public:
    Hold();
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

  private:
    bool before_;
};

// Lets handlers of a higher priority interrupt this one for as long as it lives.
class InterruptibleHandler {
  public:
    InterruptibleHandler();
    ~InterruptibleHandler();
    InterruptibleHandler(const InterruptibleHandler&) = delete;
    InterruptibleHandler& operator=(const InterruptibleHandler&) = delete;

  private:
    bool before_;
};

}  // namespace guest::bottom_half

#endif
