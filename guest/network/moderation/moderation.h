// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_MODERATION_MODERATION_H
#define GUEST_NETWORK_MODERATION_MODERATION_H

// Who says how far controllers hold their interrupts back. A service tells after each interrupt
// that it has dealt with.

#include <cstdint>

#include "drivers/network_device.h"
#include "network/moderation/dim_rules.h"
#include "network/moderation/itr_classes.h"

namespace guest {

// What a policy remembers of a controller.
struct ModerationState {
    NetworkStatistics before = {};  // At the last decision.

    uint32_t rate = 0;  // Of AdaptiveModeration: interrupts a second.
    ItrClass receive_class = ItrClass::kLowLatency;
    ItrClass transmit_class = ItrClass::kLowLatency;

    DimState dim;  // Of DimModeration.
    uint32_t start = 0;
    uint32_t dim_interrupts = 0;
};

class ModerationPolicy {
  public:
    virtual const char* name() const = 0;
    virtual void start(NetworkDevice& device, ModerationState& state) = 0;
    virtual void update(NetworkDevice&, ModerationState&) {}

    // How often it has changed its mind, and at which tick of the clock the last time was.
    uint32_t changes() const { return changes_; }
    uint32_t last_change() const { return last_change_; }

  protected:
    void change(NetworkDevice& device, const Moderation& moderation);

  private:
    uint32_t changes_ = 0;
    uint32_t last_change_ = 0;
};

// The same all the time; nothing at all where everything is 0.
class StaticModeration final : public ModerationPolicy {
  public:
    explicit StaticModeration(const Moderation& moderation) : moderation_(moderation) {}
    const char* name() const override { return "static"; }
    void start(NetworkDevice& device, ModerationState& state) override;

  private:
    Moderation moderation_;
};

// By how much comes with each interrupt, as Linux's e1000 driver does with InterruptThrottleRate 1
// or 3: see itr_classes.h. The other delays stay as given.
class AdaptiveModeration final : public ModerationPolicy {
  public:
    AdaptiveModeration(const Moderation& others, bool conservative)
        : others_(others), conservative_(conservative) {}
    const char* name() const override { return "adaptive"; }
    void start(NetworkDevice& device, ModerationState& state) override;
    void update(NetworkDevice& device, ModerationState& state) override;

  private:
    void set_rate(NetworkDevice& device, ModerationState& state, uint32_t rate);

    Moderation others_;
    bool conservative_;
};

// By trying out whether more or less of it helps, as Linux's lib/dim does: see dim_rules.h.
class DimModeration final : public ModerationPolicy {
  public:
    explicit DimModeration(const Moderation& others) : others_(others) {}
    const char* name() const override { return "dim"; }
    void start(NetworkDevice& device, ModerationState& state) override;
    void update(NetworkDevice& device, ModerationState& state) override;

  private:
    void set(NetworkDevice& device, ModerationState& state);
    Moderation others_;
};

}  // namespace guest

#endif
