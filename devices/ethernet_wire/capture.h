// SPDX-License-Identifier: Apache-2.0
//
// A file of captured frames, as tcpdump and Wireshark read it: pcap with stamps in nanoseconds,
// link type Ethernet. Frames are written without FCS, as most captures are; stamps are the
// simulated time.
#pragma once

#include <pcap/pcap.h>

#include <memory>
#include <string>

#include "bus/ethernet.h"

namespace sb::devices {

class Capture {
  public:
    /// An empty path captures nothing. Throws `Error` where the file can not be made.
    Capture(const std::string& owner, const std::string& path);

    void frame(Time at, const bus::Frame& frame);
    /// Writes out what is buffered; false where not all of it could be written (a full disk).
    bool flush();

  private:
    struct Close {
        void operator()(pcap_t* handle) const { pcap_close(handle); }
        void operator()(pcap_dumper_t* file) const { pcap_dump_close(file); }
    };
    std::unique_ptr<pcap_t, Close> handle_;
    std::unique_ptr<pcap_dumper_t, Close> file_;
};

}  // namespace sb::devices
