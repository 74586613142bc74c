// SPDX-License-Identifier: Apache-2.0
//
// A Sound Blaster 2.0: its digital sound processor (DSP 2.01), a port-mapped client of the PC's DMA
// controller. Source: Creative, Sound Blaster Series Hardware Programming Guide (1994), chapters 2,
// 3 and 6; sample rate ranges, DSP 2.01, from memory.
//
// The program writes commands and their parameters to one port, and reads answers at another. The
// commands are a table in commands.cpp. Samples go by DMA, one byte a sample: the sample clock,
// with a period of 256 - TC microseconds by the time constant TC, raises DRQ for each; the sample
// sounds, or was taken, where the DMA cycle brings it. Where DACK has not come by the next tick,
// the output keeps its level for that sample (underrun), or a recorded sample is lost (overrun): a
// finding, and counted. The end of a block asserts the interrupt, until the read status is read.
//
// The first DRQ comes one period after the command. A high-speed transfer takes no commands until
// it ends, or the DSP is reset.
//
// Not modelled: ADPCM, MIDI, the mixer, the FM and CMS synthesizers; their commands and ports are
// findings. `command_time` and `reset_time` are this model's: the guide has only an upper bound for
// the latter (100 us).
//
// Lines: "irq<n>", "drq<n>". Events: `device` "sample" with the level, at the end of its DMA cycle.
#pragma once

#include <array>

#include "bus/isa_dma.h"
#include "devices/sound_blaster/wav_file.h"

namespace sb::devices {

class SoundBlaster final : public bus::Device, private bus::DmaClient {
  public:
    explicit SoundBlaster(const bus::DeviceContext& context);
    void reset() override;
    void finish() override { file_.close(); }

  private:
    enum class Transfer : uint8_t { none, output, input, silence };
    struct Command {
        uint8_t code;
        unsigned parameters;  // bytes, low first
        void (*run)(SoundBlaster&, unsigned parameter);
        const char* doc;
    };
    static const Command commands[];
    static const Command* find(uint8_t code);

    void write_reset(bool high);
    void reset_dsp();
    void write_command(uint8_t byte);
    void answer(uint8_t byte);
    uint8_t read_data();
    uint64_t read_write_status();
    uint64_t read_status();

    void start(Transfer transfer, unsigned length, bool automatic, bool high_speed);
    void follow_with(Transfer transfer, unsigned length);
    void stop();
    void pause(bool on);
    void silence(unsigned length);
    void direct_output(uint8_t level);
    void tick();
    void count_down();
    void interrupt();
    void check_rate();
    uint8_t next_input();

    void dma_acknowledged() override { drq_.set(false); }
    uint16_t dma_read() override;
    void dma_write(uint16_t datum) override;
    void dma_cycle_ended() override { count_down(); }

    Time period() const { return Time::us(256 - time_constant_.get()); }
    uint8_t audible() const;
    Transfer transfer() const { return static_cast<Transfer>(transfer_.get()); }

    Time command_time_;
    Time reset_time_;
    bool sine_;
    WavFile file_;
    observe::Name sample_event_;

    bus::RegisterBank bank_;
    bus::Register reset_;
    bus::Field reset_bit_{reset_, "RESET", 0, "1 for at least 3 us, then 0"};
    bus::Register read_data_;
    bus::Register write_;
    bus::Register write_status_;
    bus::Field busy_{write_status_, "BUSY", 7, "no byte is taken now"};
    bus::Register read_status_;
    bus::Field available_{read_status_, "AVAILABLE", 7, "there is a byte to read"};
    bus::Pin irq_;
    bus::Pin drq_;

    static constexpr unsigned most_answers = 8;
    State<std::array<uint8_t, most_answers>> answers_{*this, "answers"};
    State<uint8_t> answer_count_{*this, "answer_count", 0};
    State<uint8_t> last_answer_{*this, "last_answer", 0};
    State<uint8_t> command_{*this, "command", 0};
    State<uint8_t> parameters_left_{*this, "parameters_left", 0};
    State<uint8_t> parameters_had_{*this, "parameters_had", 0};
    State<uint16_t> parameter_{*this, "parameter", 0};
    State<Time> busy_until_{*this, "busy_until"};
    State<bool> reset_high_{*this, "reset_high", false};
    State<Time> reset_since_{*this, "reset_since"};

    State<uint8_t> time_constant_{*this, "time_constant", 0};
    State<uint16_t> block_{*this, "block", 0};  // of auto-init and high-speed; samples less 1
    State<uint8_t> transfer_{*this, "transfer", 0};
    State<uint16_t> left_{*this, "left", 0};  // samples less 1
    State<bool> automatic_{*this, "automatic", false};
    State<bool> high_speed_{*this, "high_speed", false};
    State<bool> leaving_{*this, "leaving", false};  // auto-init, at the end of this block
    State<bool> follows_{*this, "follows", false};  // a single block, then
    State<uint16_t> next_length_{*this, "next_length", 0};
    State<bool> paused_{*this, "paused", false};
    State<bool> speaker_{*this, "speaker", false};
    State<uint8_t> level_{*this, "level", 0x80};
    State<bool> direct_{*this, "direct", false};  // the level was set by a command
    State<Time> level_since_{*this, "level_since"};
    State<uint8_t> recorded_{*this, "recorded", 0};
    State<uint32_t> position_{*this, "position", 0};  // in the input
    State<uint8_t> test_{*this, "test", 0};
    Timer sample_{*this, "sample", [this] { tick(); }};
    Timer reset_done_{*this, "reset_done", [this] { answer(0xaa); }};
    Counter samples_{*this, "samples", "samples", "samples that came or went by DMA"};
    Counter late_{*this, "late", "samples", "samples whose DMA cycle came too late"};
    Counter blocks_{*this, "blocks", "blocks", "blocks that ended"};
};

}  // namespace sb::devices
