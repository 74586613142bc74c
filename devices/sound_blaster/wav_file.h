// SPDX-License-Identifier: Apache-2.0
//
// What a sound device plays, as a WAV file: RIFF, PCM, one channel of unsigned 8-bit samples
// (Multimedia Programming Interface and Data Specifications 1.0, IBM and Microsoft, 1991: "Waveform
// Audio File Format").
//
// A file has one sample rate, that of the first sample. Samples of another length are held for as
// long as they last: repeated or left out, so that the file's time stays the played time. The
// header is brought up to date every 64 KiB and at the end, so the file is well-formed also where
// the program ends badly.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "sim/kernel/time.h"

namespace sb::devices {

class WavFile {
  public:
    /// `where` is "none" or "file:PATH"; the file is made at once. Throws `Error`.
    WavFile(const std::string& owner, const std::string& where);
    ~WavFile() { close(); }
    WavFile(const WavFile&) = delete;

    /// A level that is played for `length`, in samples of `period`.
    void put(uint8_t level, Time length, Time period);
    void close();

  private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    void write_header();

    std::unique_ptr<std::FILE, Close> file_;
    Time period_;  // of a sample in the file; zero until the first
    Time owed_;    // played, and not yet in the file
    uint32_t samples_ = 0;
};

}  // namespace sb::devices
