// SPDX-License-Identifier: Apache-2.0
#include "devices/e1000/dma.h"

#include <algorithm>

namespace sb::devices::e1000 {
namespace {

constexpr int32_t none = -1;
constexpr int32_t side_step = 256;

}  // namespace

Dma::Dma(const Chip& chip, bus::MasterSettings settings)
    : chip_{chip},
      port_{chip.function, "dma", [this](Result result) { ended(result); }, {}, false, settings},
      again_{chip.device, "dma.again", [this] { kick(); }},
      current_{chip.device, "dma.current", none},
      turn_{chip.device, "dma.turn", receive} {}

void Dma::kick() {
    if (current_ != none || again_.armed()) return;
    if (!chip_.function.bus_master()) {
        for (const auto& side : users_)
            if (std::any_of(side.begin(), side.end(), [](const User& u) { return u.wants(); }))
                chip_.device.finding(
                    "a transaction is due while bus mastering is disabled in PCI COMMAND: it "
                    "waits");
        return;
    }
    const auto first = static_cast<Side>(turn_.get());
    const Side second = first == receive ? transmit : receive;
    if (!begin(first)) begin(second);
}

bool Dma::begin(Side side) {
    // A user that finds nothing to do after all may have made work for one before it.
    int again = 1;
    for (size_t i = 0; i < users_[side].size(); ++i) {
        User& user = users_[side][i];
        if (!user.wants()) continue;
        // Known before it begins: what it does may come back here.
        current_ = static_cast<int32_t>(i) + (side == transmit ? side_step : 0);
        turn_ = side == receive ? transmit : receive;
        if (user.begin()) return true;
        current_ = none;
        if (again-- > 0) i = static_cast<size_t>(-1);
    }
    return false;
}

void Dma::ended(Result result) {
    if (current_ == none) return;  // cancelled from within
    const int32_t index = current_;
    current_ = none;
    const Side side = index >= side_step ? transmit : receive;
    users_[side][static_cast<size_t>(index % side_step)].ended(result);
    kick();
}

void Dma::cancel() {
    if (current_ == none) return;
    port_.cancel();
    current_ = none;
    again_.arm_after({});
}

}  // namespace sb::devices::e1000
