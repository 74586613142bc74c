// SPDX-License-Identifier: Apache-2.0
#include "devices/sound_blaster/wav_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "sim/kernel/error.h"

namespace sb::devices {
namespace {

constexpr uint32_t header_bytes = 44, riff_before_data = 36, format_bytes = 16;
constexpr uint32_t most_samples = 0xffffffff - riff_before_data - 1;
constexpr uint32_t between_headers = 65536;

class Header {
  public:
    Header& text(const char* four) {
        std::memcpy(&bytes_[at_], four, 4);
        at_ += 4;
        return *this;
    }
    Header& number(uint32_t v, unsigned size) {
        for (unsigned i = 0; i < size; ++i) bytes_[at_++] = static_cast<uint8_t>(v >> (8 * i));
        return *this;
    }
    const uint8_t* data() const { return bytes_.data(); }

  private:
    std::array<uint8_t, header_bytes> bytes_{};
    size_t at_ = 0;
};

}  // namespace

WavFile::WavFile(const std::string& owner, const std::string& where) {
    static const std::string prefix = "file:";
    if (where == "none") return;
    if (!where.starts_with(prefix) || where.size() == prefix.size())
        throw Error(fmt::format("{}: output \"{}\" is neither none nor file:PATH", owner, where));
    const std::string path = where.substr(prefix.size());
    file_.reset(std::fopen(path.c_str(), "wb"));
    if (!file_)
        throw Error(fmt::format("{}: output file {} can not be made: {}", owner, path,
                                std::strerror(errno)));
    write_header();
}

void WavFile::put(uint8_t level, Time length, Time period) {
    if (!file_ || period == Time{}) return;
    if (period_ == Time{}) period_ = period;
    owed_ += length;
    uint64_t count = std::min<uint64_t>(owed_ / period_, most_samples - samples_);
    owed_ = owed_ % period_;
    for (; count > 0; --count) {
        std::fputc(level, file_.get());
        if (++samples_ % between_headers == 0) write_header();
    }
}

void WavFile::write_header() {
    constexpr uint32_t pcm = 1, mono = 1, sample_bytes = 1, sample_bits = 8;
    const uint64_t ps = period_.ps();
    const auto rate = static_cast<uint32_t>(ps ? (Time::s(1).ps() + ps / 2) / ps : 1);
    Header header;
    header.text("RIFF").number(riff_before_data + samples_ + samples_ % 2, 4).text("WAVE");
    header.text("fmt ").number(format_bytes, 4).number(pcm, 2).number(mono, 2);
    header.number(rate, 4).number(rate * sample_bytes, 4).number(sample_bytes, 2);
    header.number(sample_bits, 2).text("data").number(samples_, 4);
    std::rewind(file_.get());
    std::fwrite(header.data(), 1, header_bytes, file_.get());
    std::fseek(file_.get(), 0, SEEK_END);
    std::fflush(file_.get());
}

/// Chunks have an even length: an odd number of samples is padded.
void WavFile::close() {
    if (!file_) return;
    if (samples_ % 2) std::fputc(0, file_.get());
    write_header();
    file_.reset();
}

}  // namespace sb::devices
