// SPDX-License-Identifier: Apache-2.0
//
// The frames of a capture, one after the other, by libpcap. A file whose head is no capture of
// Ethernet frames is an `Error` at once; one that ends or goes wrong later ends the replay there,
// and says so.
#pragma once

#include <pcap/pcap.h>

#include <memory>
#include <string>
#include <vector>

#include "sim/kernel/component.h"

namespace sb::devices {

class PcapReplay {
  public:
    struct Record {
        Time at;  // since the first record; not before the record before this one
        std::vector<uint8_t> bytes;  // as captured
        uint64_t length = 0;         // as it was: more where the capture holds its beginning only
    };
    enum class Found { record, end, broken };

    PcapReplay(Component& owner, const std::string& owner_name, const std::string& path);

    /// Reads the next record. `broken`: the file ends within a record, or holds one that can not
    /// be.
    Found next(Record& record);
    /// Begins with the first record again.
    void rewind();

  private:
    struct Close {
        void operator()(pcap_t* handle) const { pcap_close(handle); }
    };
    /// Why it can not be opened; empty where it was.
    std::string open();

    const std::string path_;
    std::unique_ptr<pcap_t, Close> handle_;
    uint64_t read_ = 0;  // records that the handle has given
    State<uint64_t>
        wanted_;  // records that the replay has had: after a restore, more than the handle gave
    State<uint64_t> first_;  // stamp of the first record, ns
    State<uint64_t> last_;   // greatest stamp, ns since the first
};

}  // namespace sb::devices
