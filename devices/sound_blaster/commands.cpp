// SPDX-License-Identifier: Apache-2.0
//
// The DSP's commands (Sound Blaster Series Hardware Programming Guide, chapter 6). A length is the
// number of samples less one.
#include "devices/sound_blaster/sound_blaster.h"

namespace sb::devices {
namespace {

constexpr uint8_t version_major = 2, version_minor = 1;

}  // namespace

const SoundBlaster::Command SoundBlaster::commands[] = {
    {0x10, 1, [](SoundBlaster& d, unsigned v) { d.direct_output(static_cast<uint8_t>(v)); },
     "direct output of a sample"},
    {0x14, 2, [](SoundBlaster& d, unsigned n) { d.follow_with(Transfer::output, n); },
     "output of a block by DMA"},
    {0x1c, 0, [](SoundBlaster& d, unsigned) { d.start(Transfer::output, d.block_, true, false); },
     "output by DMA, block after block"},
    {0x20, 0, [](SoundBlaster& d, unsigned) { d.answer(d.next_input()); },
     "direct input of a sample"},
    {0x24, 2, [](SoundBlaster& d, unsigned n) { d.follow_with(Transfer::input, n); },
     "input of a block by DMA"},
    {0x2c, 0, [](SoundBlaster& d, unsigned) { d.start(Transfer::input, d.block_, true, false); },
     "input by DMA, block after block"},
    {0x40, 1, [](SoundBlaster& d, unsigned v) { d.time_constant_ = static_cast<uint8_t>(v); },
     "time constant: 256 less the sample period in microseconds"},
    {0x48, 2, [](SoundBlaster& d, unsigned n) { d.block_ = static_cast<uint16_t>(n); },
     "length of auto-init and high-speed blocks"},
    {0x80, 2, [](SoundBlaster& d, unsigned n) { d.silence(n); }, "silence for a block"},
    {0x90, 0, [](SoundBlaster& d, unsigned) { d.start(Transfer::output, d.block_, true, true); },
     "high-speed output, block after block"},
    {0x91, 0, [](SoundBlaster& d, unsigned) { d.start(Transfer::output, d.block_, false, true); },
     "high-speed output of a block"},
    {0x98, 0, [](SoundBlaster& d, unsigned) { d.start(Transfer::input, d.block_, true, true); },
     "high-speed input, block after block"},
    {0x99, 0, [](SoundBlaster& d, unsigned) { d.start(Transfer::input, d.block_, false, true); },
     "high-speed input of a block"},
    {0xd0, 0, [](SoundBlaster& d, unsigned) { d.pause(true); }, "pause DMA"},
    {0xd1, 0, [](SoundBlaster& d, unsigned) { d.speaker_ = true; }, "speaker on"},
    {0xd3, 0, [](SoundBlaster& d, unsigned) { d.speaker_ = false; }, "speaker off"},
    {0xd4, 0, [](SoundBlaster& d, unsigned) { d.pause(false); }, "continue DMA"},
    {0xd8, 0, [](SoundBlaster& d, unsigned) { d.answer(d.speaker_ ? 0xff : 0x00); },
     "is the speaker on"},
    {0xda, 0, [](SoundBlaster& d, unsigned) { d.leaving_ = true; },
     "leave auto-init when this block ends"},
    {0xe0, 1, [](SoundBlaster& d, unsigned v) { d.answer(static_cast<uint8_t>(~v)); },
     "identification: the byte inverted"},
    {0xe1, 0,
     [](SoundBlaster& d, unsigned) {
         d.answer(version_major);
         d.answer(version_minor);
     },
     "version"},
    {0xe4, 1, [](SoundBlaster& d, unsigned v) { d.test_ = static_cast<uint8_t>(v); },
     "write the test register"},
    {0xe8, 0, [](SoundBlaster& d, unsigned) { d.answer(d.test_); }, "read the test register"},
    {0xf2, 0, [](SoundBlaster& d, unsigned) { d.interrupt(); }, "raise the interrupt"},
};

const SoundBlaster::Command* SoundBlaster::find(uint8_t code) {
    for (const Command& command : commands)
        if (command.code == code) return &command;
    return nullptr;
}

}  // namespace sb::devices
