// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "sim/kernel/error.h"

namespace sb::observe {
namespace {

constexpr size_t buffer_bytes = 1u << 20;

}  // namespace

OutputFile::OutputFile(std::string path) : path_{std::move(path)}, buffer_(buffer_bytes) {
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file_ < 0)
        throw Error(fmt::format("{}: can not be written: {}", path_, std::strerror(errno)));
}

OutputFile::~OutputFile() {
    if (file_ < 0) return;
    flush();
    ::close(file_);
}

void OutputFile::fail() {
    error_ = errno;
    if (on_failure) on_failure();
}

void OutputFile::flush() {
    for (size_t done = 0; done < used_ && !failed();) {
        const ssize_t n = ::write(file_, buffer_.data() + done, used_ - done);
        if (n >= 0)
            done += static_cast<size_t>(n);
        else if (errno != EINTR)
            fail();
    }
    used_ = 0;
}

void OutputFile::make_room(size_t bytes) {
    flush();
    if (bytes > buffer_.size()) buffer_.resize(bytes);
}

void OutputFile::overwrite(uint64_t offset, std::string_view text) {
    flush();
    while (!text.empty() && !failed()) {
        const ssize_t n = ::pwrite(file_, text.data(), text.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            fail();
            return;
        }
        text.remove_prefix(static_cast<size_t>(n));
        offset += static_cast<uint64_t>(n);
    }
}

void OutputFile::close() {
    if (file_ < 0) return;
    flush();
    if (::close(file_) != 0 && !failed()) fail();
    file_ = -1;
    if (failed()) throw Error(fmt::format("{}: writing failed: {}", path_, std::strerror(error_)));
}

}  // namespace sb::observe
