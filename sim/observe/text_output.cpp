// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/text_output.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "sim/kernel/error.h"

namespace sb::observe {

TextOutput::TextOutput(const std::string& owner, const std::string& where) {
    static const std::string file_prefix = "file:";
    if (where == "none" || where == "listener") return;
    if (where == "terminal") {
        file_.reset(stdout);
    } else if (where.starts_with(file_prefix) && where.size() > file_prefix.size()) {
        const std::string path = where.substr(file_prefix.size());
        file_.reset(std::fopen(path.c_str(), "wb"));
        if (!file_)
            throw Error(fmt::format("{}: output file {} can not be made: {}", owner, path,
                                    std::strerror(errno)));
    } else {
        throw Error(fmt::format(
            "{}: output \"{}\" is not one of terminal, listener, none, file:PATH", owner, where));
    }
}

void TextOutput::Close::operator()(std::FILE* file) const {
    file == stdout ? std::fflush(file) : std::fclose(file);
}

void TextOutput::put(uint8_t c) {
    ++characters_;
    if (file_) {
        std::fputc(c, file_.get());
        if (c == '\n' && file_.get() == stdout) std::fflush(stdout);
    }
    for (const auto& listener : listeners_) listener(c);
}

void TextOutput::flush() {
    if (file_) std::fflush(file_.get());
}

void TextOutput::listen(std::function<void(uint8_t)> listener) {
    listeners_.push_back(std::move(listener));
}

}  // namespace sb::observe
