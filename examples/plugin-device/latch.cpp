// SPDX-License-Identifier: Apache-2.0
//
// A latch with a delay: what is written to DATA appears in OUTPUT one settling time later, and raises
// an interrupt line. As small as a device can be that has registers, a timer, a line and settings.
#include "bus/device.h"

namespace {

using namespace sb;
using namespace sb::bus;

class Latch final : public Device {
  public:
    explicit Latch(const DeviceContext& context)
        : Device{context}, settling_{context.config.duration("settling")} {
        Board& board = context.board;
        board.ports.map(context.config.integer("port"), 4, board.ports.attach(bank_.socket()),
                        context.name);
        interrupt_.connect(board.line("irq" + std::to_string(context.config.integer("irq"))));
    }

  private:
    Time settling_;
    RegisterBank bank_{*this, {.name = "registers", .size = 4}};
    Register data_{bank_,
                   {.name = "DATA", .offset = 0, .bits = 8, .doc = "what to latch",
                    .effect = "writing starts the settling time"},
                   {.write = [this](uint64_t) { settled_.arm_after(settling_); }}};
    Register output_{bank_,
                     {.name = "OUTPUT", .offset = 1, .bits = 8, .access = ro, .doc = "what is latched",
                      .effect = "reading takes the interrupt away"},
                     {.read = [this] {
                         interrupt_.set(false);
                         return output_.value();
                     }}};
    Pin interrupt_{*this, "interrupt"};
    Timer settled_{*this, "settled", [this] {
                       output_ = data_.value();
                       interrupt_.set(true);
                   }};
};

const DeviceModel latch{"latch",
                        "an eight-bit latch with a settling time",
                        "this file",
                        {{"port", ValueType::integer, "0x300", "first port", {}, 0, 0xfffc},
                         {"irq", ValueType::integer, "10", "interrupt line", {}, 0, 23},
                         {"settling", ValueType::duration, "1us", "from DATA to OUTPUT"}},
                        [](const DeviceContext& c) { return std::make_unique<Latch>(c); }};
SOUTHBRIDGE_DEVICE(latch)

}  // namespace
