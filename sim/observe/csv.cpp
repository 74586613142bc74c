// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/csv.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "sim/kernel/error.h"

namespace sb::observe {

CsvWriter::CsvWriter(const std::string& path) : path_{path}, file_{std::fopen(path.c_str(), "w")} {
    if (!file_) throw Error(fmt::format("{}: can not be written: {}", path, std::strerror(errno)));
    fmt::print(file_.get(), "time_ps,source,event,detail\n");
}

void CsvWriter::event(const Stream& stream, const Event& event) {
    fmt::memory_buffer line;
    fmt::format_to(std::back_inserter(line), "{},{},{},{}\n", event.at.ps(),
                   stream.source_name(event.source), info(event.kind).name, stream.describe(event));
    std::fwrite(line.data(), 1, line.size(), file_.get());
}

void CsvWriter::close() {
    bool bad = std::fflush(file_.get()) != 0 || std::ferror(file_.get());
    if (bad) throw Error(fmt::format("{}: writing failed: {}", path_, std::strerror(errno)));
}

}  // namespace sb::observe
