// SPDX-License-Identifier: Apache-2.0
#include "devices/traffic/pcap_replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace sb::devices {
namespace {

constexpr uint64_t longest_frame = 65535;

}  // namespace

PcapReplay::PcapReplay(Component& owner, const std::string& owner_name, const std::string& path)
    : path_{path},
      wanted_{owner, "pcap.records", 0},
      first_{owner, "pcap.first", 0},
      last_{owner, "pcap.last", 0} {
    if (path.empty()) return;
    const std::string fault = open();
    if (!fault.empty()) throw Error(fmt::format("{}.file: {}: {}", owner_name, path, fault));
}

std::string PcapReplay::open() {
    read_ = 0;
    handle_.reset();
    // Opened here, as libpcap takes the name "-" for the standard input.
    std::FILE* file = std::fopen(path_.c_str(), "rb");
    if (!file) return std::strerror(errno);
    char error[PCAP_ERRBUF_SIZE] = "";
    handle_.reset(
        pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error));
    if (!handle_) {
        std::fclose(file);
        return fmt::format("not a capture: {}", error);
    }
    if (pcap_datalink(handle_.get()) == DLT_EN10MB) return {};
    const char* name = pcap_datalink_val_to_name(pcap_datalink(handle_.get()));
    handle_.reset();
    return fmt::format("a capture of link type {}; only Ethernet (EN10MB) can be replayed",
                       name ? name : "unknown");
}

PcapReplay::Found PcapReplay::next(Record& record) {
    pcap_pkthdr* head = nullptr;
    const u_char* bytes = nullptr;
    do {
        const int result = handle_ ? pcap_next_ex(handle_.get(), &head, &bytes) : PCAP_ERROR;
        if (result == PCAP_ERROR_BREAK) return Found::end;
        if (result != 1) return Found::broken;
        ++read_;
    } while (read_ <= wanted_);
    ++wanted_.ref();
    // Stamps of a hostile file can be anything; seconds of 32 bits are meant.
    const uint64_t ns = uint64_t{static_cast<uint32_t>(head->ts.tv_sec)} * 1'000'000'000 +
                        static_cast<uint32_t>(head->ts.tv_usec);
    if (wanted_ == 1) first_ = ns;
    last_ = std::max(last_.get(), ns < first_ ? 0 : ns - first_);
    record.at = Time::ns(last_);
    record.bytes.assign(bytes, bytes + std::min<uint64_t>(head->caplen, longest_frame));
    record.length = std::max<uint64_t>(head->len, head->caplen);
    return Found::record;
}

void PcapReplay::rewind() {
    open();
    wanted_ = 0;
    last_ = 0;
}

}  // namespace sb::devices
