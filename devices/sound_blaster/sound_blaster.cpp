// SPDX-License-Identifier: Apache-2.0
#include "devices/sound_blaster/sound_blaster.h"

#include <algorithm>

#include "bus/isa.h"

namespace sb::devices {
namespace {

constexpr uint8_t silent = 0x80;
constexpr Time least_reset = Time::us(3);   // "wait for at least 3 us" between 1 and 0
constexpr Time longest_pause = Time::s(1);  // of direct output that goes into the file
// Sample rates of DSP 2.01 in Hz: normal and high-speed, output and input. [From memory.]
constexpr uint64_t least_rate = 4'000;
constexpr uint64_t most_output = 23'000, most_fast_output = 44'100;
constexpr uint64_t most_input = 13'000, most_fast_input = 15'000;

/// A sine of period 64 around 80h, amplitude 100, by Bhaskara's approximation, in integers.
uint8_t sine(uint32_t position) {
    constexpr int half = 32, amplitude = 100;
    const int x = static_cast<int>(position % (2 * half));
    const int h = x % half * (half - x % half);
    const int wave = amplitude * 16 * h / (5 * half * half - 4 * h);
    return static_cast<uint8_t>(silent + (x < half ? wave : -wave));
}

bus::Register::Spec spec(const char* name, uint32_t offset, bus::Access access, const char* doc,
                         const char* effect = "", uint64_t reset = 0) {
    return {.name = name,
            .offset = offset,
            .bits = 8,
            .access = access,
            .reset = reset,
            .doc = doc,
            .effect = effect};
}

}  // namespace

const bus::DeviceModel sound_blaster{
    "sound-blaster",
    "Sound Blaster 2.0: 8-bit sound by DMA",
    "Creative, Sound Blaster Series Hardware Programming Guide (1994)",
    {bus::port_key("port", "0x220", "first port"),
     {"irq", ValueType::integer, "5", "interrupt line", {}, 0, 15},
     {"dma", ValueType::integer, "1", "DMA channel, of 8 bits", {}, 0, 3},
     {"output", ValueType::text, "none", "what is played, as WAV: none or file:PATH"},
     {"input",
      ValueType::choice,
      "sine",
      "what is recorded: a sine of 64 samples, or samples that count up",
      {"sine", "pattern"}},
     {"command_time",
      ValueType::duration,
      "2us",
      "time for which a byte keeps the DSP busy",
      {},
      0,
      1'000'000'000},
     {"reset_time",
      ValueType::duration,
      "100us",
      "from the reset's end to its answer",
      {},
      0,
      1'000'000'000'000},
     bus::isa_access_time()},
    [](const bus::DeviceContext& c) { return std::make_unique<SoundBlaster>(c); }};
SOUTHBRIDGE_DEVICE(sound_blaster)

SoundBlaster::SoundBlaster(const bus::DeviceContext& context)
    : Device{context},
      command_time_{context.config.duration("command_time")},
      reset_time_{context.config.duration("reset_time")},
      sine_{context.config.text("input") == "sine"},
      file_{context.name, context.config.text("output")},
      sample_event_{context.board.stream.intern("sample")},
      bank_{*this,
            {.name = "dsp",
             .size = 16,
             .access_time = context.config.duration("access_time"),
             .hole = ~uint64_t{0}}},
      reset_{bank_,
             spec("RESET", 0x6, bus::wo, "resets the DSP", "AAh can be read then"),
             {.write = [this](uint64_t) { write_reset(reset_bit_ != 0); }}},
      read_data_{bank_,
                 spec("READ_DATA", 0xa, bus::ro, "the DSP's answers", "the next one"),
                 {.read = [this] { return read_data(); }}},
      write_{bank_,
             spec("WRITE", 0xc, bus::wo, "commands and their parameters", "runs them"),
             {.write = [this](uint64_t v) { write_command(static_cast<uint8_t>(v)); }}},
      write_status_{bank_,
                    spec("WRITE_STATUS", 0xc, bus::ro, "may be written", "", 0x7f),
                    {.read = [this] { return read_write_status(); }}},
      read_status_{
          bank_,
          spec("READ_STATUS", 0xe, bus::ro, "may be read", "acknowledges the interrupt", 0x7f),
          {.read = [this] { return read_status(); }}},
      irq_{*this, "irq"},
      drq_{*this, "drq"} {
    const auto channel = static_cast<unsigned>(context.config.integer("dma"));
    bus::DmaChannels::of(context.board).claim(context, channel, *this);
    drq_.connect(bus::drq_line(context.board, channel));
    irq_.connect(context.board.line(fmt::format("irq{}", context.config.integer("irq"))));
    bus::claim_ports(context, bank_, context.config.integer("port"));
}

void SoundBlaster::reset() {
    Device::reset();
    reset_dsp();
    reset_high_ = false;
}

// ---- Ports

void SoundBlaster::reset_dsp() {
    stop();
    reset_done_.cancel();
    irq_.set(false);
    answer_count_ = 0;
    parameters_left_ = parameters_had_ = 0;
    time_constant_ = 0;
    block_ = 0;
    speaker_ = false;
    direct_ = false;
    level_ = silent;
    test_ = 0;
    busy_until_ = now();
}

/// In high-speed mode a reset only ends that mode.
void SoundBlaster::write_reset(bool high) {
    if (high == reset_high_) return;
    reset_high_ = high;
    if (high) {
        reset_since_ = now();
        return;
    }
    if (now() - reset_since_ < least_reset) {
        finding("the DSP's reset was released before 3 us had passed: ignored");
        return;
    }
    if (high_speed_) return stop();
    reset_dsp();
    reset_done_.arm_after(reset_time_);
}

void SoundBlaster::write_command(uint8_t byte) {
    if (reset_done_.armed() || high_speed_) {
        finding("a byte was written to the DSP while it was in reset or in high-speed mode: lost",
                [&] { return fmt::format("{:#04x}", byte); });
        return;
    }
    if (now() < busy_until_.get())
        finding(
            "a byte was written to the DSP while its write status was busy (taken all the same)");
    busy_until_ = now() + command_time_;
    if (parameters_left_ == 0) {
        const Command* command = find(byte);
        if (!command) {
            finding(
                "a command was written that DSP 2.01 does not have, or this model does not: "
                "ignored",
                [&] { return fmt::format("{:#04x}", byte); });
            return;
        }
        command_ = byte;
        parameter_ = 0;
        parameters_had_ = 0;
        parameters_left_ = static_cast<uint8_t>(command->parameters);
    } else {
        parameter_ = static_cast<uint16_t>(parameter_ | byte << (8 * parameters_had_));
        parameters_had_ = static_cast<uint8_t>(parameters_had_ + 1);
        parameters_left_ = static_cast<uint8_t>(parameters_left_ - 1);
    }
    if (parameters_left_ == 0) find(command_)->run(*this, parameter_);
}

void SoundBlaster::answer(uint8_t byte) {
    if (answer_count_ == most_answers) {
        finding("the DSP had an answer, and earlier ones were never read: lost");
        return;
    }
    answers_.ref()[answer_count_] = byte;
    answer_count_ = static_cast<uint8_t>(answer_count_ + 1);
}

uint8_t SoundBlaster::read_data() {
    if (answer_count_ == 0) {
        finding("the DSP's read data were read while there were none");
        return last_answer_;
    }
    auto& bytes = answers_.ref();
    last_answer_ = bytes[0];
    std::copy(bytes.begin() + 1, bytes.end(), bytes.begin());
    answer_count_ = static_cast<uint8_t>(answer_count_ - 1);
    return last_answer_;
}

uint64_t SoundBlaster::read_write_status() {
    busy_ = now() < busy_until_.get() || reset_done_.armed() || high_speed_;
    return write_status_;
}

uint64_t SoundBlaster::read_status() {
    irq_.set(false);
    available_ = answer_count_ > 0;
    return read_status_;
}

// ---- Transfers

void SoundBlaster::start(Transfer kind, unsigned length, bool automatic, bool high_speed) {
    stop();
    transfer_ = static_cast<uint8_t>(kind);
    left_ = static_cast<uint16_t>(length);
    automatic_ = automatic;
    high_speed_ = high_speed;
    direct_ = false;
    check_rate();
    sample_.arm_after(period());
}

/// A single block. During an auto-init transfer it comes after the block under way.
void SoundBlaster::follow_with(Transfer kind, unsigned length) {
    if (transfer() != kind || !automatic_) return start(kind, length, false, false);
    follows_ = true;
    next_length_ = static_cast<uint16_t>(length);
}

void SoundBlaster::stop() {
    sample_.cancel();
    drq_.set(false);
    transfer_ = static_cast<uint8_t>(Transfer::none);
    automatic_ = high_speed_ = leaving_ = follows_ = paused_ = false;
}

void SoundBlaster::pause(bool on) {
    if (on == paused_ || (transfer() != Transfer::output && transfer() != Transfer::input)) return;
    paused_ = on;
    if (on) {
        sample_.cancel();
        drq_.set(false);
    } else {
        sample_.arm_after(period());
    }
}

void SoundBlaster::silence(unsigned length) {
    start(Transfer::silence, length, false, false);
    sample_.arm_after(period() * (length + 1));
}

uint8_t SoundBlaster::audible() const { return speaker_ ? level_.get() : silent; }

/// Its length is known when the next one comes.
void SoundBlaster::direct_output(uint8_t level) {
    if (direct_) file_.put(audible(), std::min(now() - level_since_, longest_pause), period());
    direct_ = true;
    level_ = level;
    level_since_ = now();
    probe().emit(now(), observe::Kind::device, sample_event_, level);
}

/// One period has passed.
void SoundBlaster::tick() {
    if (transfer() == Transfer::silence) {
        file_.put(silent, period() * (left_ + uint64_t{1}), period());
        ++blocks_;
        stop();
        return interrupt();
    }
    sample_.arm_after(period());
    const bool missed = drq_.level();
    if (missed) {
        ++late_;
        finding("a DMA cycle came too late for the sound card's sample clock",
                [&] { return fmt::format("period {}", to_string(period())); });
        if (transfer() == Transfer::output) file_.put(audible(), period(), period());
    }
    if (transfer() == Transfer::input) recorded_ = next_input();
    drq_.set(true);
}

uint16_t SoundBlaster::dma_read() { return recorded_; }

void SoundBlaster::dma_write(uint16_t datum) {
    if (transfer() != Transfer::output) return;
    level_ = static_cast<uint8_t>(datum);
    file_.put(audible(), period(), period());
    probe().emit(now(), observe::Kind::device, sample_event_, level_.get());
}

/// A sample has come or gone.
void SoundBlaster::count_down() {
    if (transfer() != Transfer::output && transfer() != Transfer::input) return;
    ++samples_;
    if (left_ > 0) {
        left_ = static_cast<uint16_t>(left_ - 1);
        return;
    }
    ++blocks_;
    if (follows_) {
        left_ = next_length_.get();
        automatic_ = follows_ = false;
    } else if (automatic_ && !leaving_) {
        left_ = block_.get();
    } else {
        stop();
    }
    interrupt();
}

void SoundBlaster::interrupt() {
    if (irq_.level())
        finding("the sound card's interrupt was still not acknowledged when the next one came");
    irq_.set(true);
}

void SoundBlaster::check_rate() {
    const uint64_t hz = Time::s(1) / period();
    const bool input = transfer() == Transfer::input;
    const uint64_t most = high_speed_ ? (input ? most_fast_input : most_fast_output)
                                      : (input ? most_input : most_output);
    if (hz < least_rate || hz > most)
        finding("a sample rate was asked for that DSP 2.01 is not specified for",
                [&] { return fmt::format("{} Hz of {} to {}", hz, least_rate, most); });
}

uint8_t SoundBlaster::next_input() {
    const uint32_t position = position_;
    position_ = position + 1;
    return sine_ ? sine(position) : static_cast<uint8_t>(position);
}

}  // namespace sb::devices
