// SPDX-License-Identifier: Apache-2.0
#include "devices/ethernet_wire/capture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace sb::devices {
namespace {

constexpr int longest = 262144;  // libpcap's own bound of what one record holds

}  // namespace

Capture::Capture(const std::string& owner, const std::string& path) {
    if (path.empty()) return;
    handle_.reset(
        pcap_open_dead_with_tstamp_precision(DLT_EN10MB, longest, PCAP_TSTAMP_PRECISION_NANO));
    if (!handle_) throw Error(fmt::format("{}: no memory for a capture", owner));
    // Opened here, as libpcap takes the name "-" for the standard output.
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (file) file_.reset(pcap_dump_fopen(handle_.get(), file));
    if (!file_)
        throw Error(fmt::format("{}: the capture {} can not be made: {}", owner, path,
                                file ? pcap_geterr(handle_.get()) : std::strerror(errno)));
}

void Capture::frame(Time at, const bus::Frame& frame) {
    if (!file_) return;
    const uint64_t ns = at.ps() / 1000;
    pcap_pkthdr head{};
    head.ts.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
    head.ts.tv_usec =
        static_cast<suseconds_t>(ns % 1'000'000'000);  // nanoseconds, by the file's precision
    head.len = static_cast<bpf_u_int32>(frame.bytes.size());
    head.caplen = std::min<bpf_u_int32>(head.len, longest);
    pcap_dump(reinterpret_cast<u_char*>(file_.get()), &head, frame.bytes.data());
}

bool Capture::flush() {
    return !file_ ||
           (pcap_dump_flush(file_.get()) == 0 && std::ferror(pcap_dump_file(file_.get())) == 0);
}

}  // namespace sb::devices
