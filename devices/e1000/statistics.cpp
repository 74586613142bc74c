// SPDX-License-Identifier: Apache-2.0
#include "devices/e1000/statistics.h"

namespace sb::devices::e1000 {
namespace {

struct Row {
    const char* name;
    uint32_t offset;
    const char* doc;
};

constexpr std::array<Row, static_cast<size_t>(Stat::count_)> rows{{
    {"CRCERRS", 0x4000, "frames with a wrong FCS"},
    {"ALGNERRC", 0x4004, "alignment errors"},
    {"SYMERRS", 0x4008, "symbol errors"},
    {"RXERRC", 0x400c, "receive errors of the PHY"},
    {"MPC", 0x4010, "frames missed: the packet buffer was full"},
    {"SCC", 0x4014, "single collisions"},
    {"ECOL", 0x4018, "excessive collisions"},
    {"MCC", 0x401c, "multiple collisions"},
    {"LATECOL", 0x4020, "late collisions"},
    {"COLC", 0x4028, "collisions"},
    {"DC", 0x4030, "deferred transmissions"},
    {"TNCRS", 0x4034, "transmissions without carrier sense"},
    {"SEC", 0x4038, "sequence errors"},
    {"CEXTERR", 0x403c, "carrier extension errors"},
    {"RLEC", 0x4040, "frames of a length that is not legal"},
    {"XONRXC", 0x4048, "XON frames received"},
    {"XONTXC", 0x404c, "XON frames sent"},
    {"XOFFRXC", 0x4050, "XOFF frames received"},
    {"XOFFTXC", 0x4054, "XOFF frames sent"},
    {"FCRUC", 0x4058, "control frames that are not supported"},
    {"PRC64", 0x405c, "good frames received, 64 bytes"},
    {"PRC127", 0x4060, "good frames received, 65 to 127 bytes"},
    {"PRC255", 0x4064, "good frames received, 128 to 255 bytes"},
    {"PRC511", 0x4068, "good frames received, 256 to 511 bytes"},
    {"PRC1023", 0x406c, "good frames received, 512 to 1023 bytes"},
    {"PRC1522", 0x4070, "good frames received, 1024 bytes and more"},
    {"GPRC", 0x4074, "good frames received"},
    {"BPRC", 0x4078, "good broadcast frames received"},
    {"MPRC", 0x407c, "good multicast frames received"},
    {"GPTC", 0x4080, "good frames sent"},
    {"RNBC", 0x40a0, "frames that came when no receive descriptor was free"},
    {"RUC", 0x40a4, "frames that are too short, with a good FCS"},
    {"RFC", 0x40a8, "frames that are too short, with a wrong FCS"},
    {"ROC", 0x40ac, "frames that are too long, with a good FCS"},
    {"RJC", 0x40b0, "frames that are too long, with a wrong FCS"},
    {"MGTPRC", 0x40b4, "management frames received"},
    {"MGTPDC", 0x40b8, "management frames dropped"},
    {"MGTPTC", 0x40bc, "management frames sent"},
    {"TPR", 0x40d0, "all frames received"},
    {"TPT", 0x40d4, "all frames sent"},
    {"PTC64", 0x40d8, "frames sent, 64 bytes"},
    {"PTC127", 0x40dc, "frames sent, 65 to 127 bytes"},
    {"PTC255", 0x40e0, "frames sent, 128 to 255 bytes"},
    {"PTC511", 0x40e4, "frames sent, 256 to 511 bytes"},
    {"PTC1023", 0x40e8, "frames sent, 512 to 1023 bytes"},
    {"PTC1522", 0x40ec, "frames sent, 1024 bytes and more"},
    {"MPTC", 0x40f0, "multicast frames sent"},
    {"BPTC", 0x40f4, "broadcast frames sent"},
    {"TSCTC", 0x40f8, "TCP segmentation contexts sent"},
    {"TSCTFC", 0x40fc, "TCP segmentation contexts that failed"},
}};

constexpr std::array<Row, static_cast<size_t>(Octets::count_)> octet_rows{{
    {"GORC", 0x4088, "octets of good frames received"},
    {"GOTC", 0x4090, "octets of good frames sent"},
    {"TOR", 0x40c0, "octets of all frames received"},
    {"TOT", 0x40c8, "octets of all frames sent"},
}};

constexpr std::array<uint32_t, 5> class_ends{64, 127, 255, 511, 1023};

}  // namespace

Statistics::Statistics(const Chip& chip) : octets_{chip.device, "octets"} {
    for (size_t i = 0; i < rows.size(); ++i) {
        registers_[i] =
            std::make_unique<bus::Register>(chip.bank,
                                            bus::Register::Spec{.name = rows[i].name,
                                                                .offset = rows[i].offset,
                                                                .access = ro,
                                                                .doc = rows[i].doc,
                                                                .effect = "reading clears it"},
                                            bus::RegisterHooks{.read = [this, i] {
                                                const uint64_t value = *registers_[i];
                                                *registers_[i] = 0;
                                                return value;
                                            }});
    }
    for (size_t i = 0; i < octet_rows.size(); ++i) {
        bus::Register::Spec spec{.name = std::string{octet_rows[i].name} + "L",
                                 .offset = octet_rows[i].offset,
                                 .access = ro,
                                 .doc = octet_rows[i].doc};
        low_[i] = std::make_unique<bus::Register>(
            chip.bank, spec,
            bus::RegisterHooks{.read = [this, i] { return octets_.get()[i] & 0xffffffff; }});
        spec.name = std::string{octet_rows[i].name} + "H";
        spec.offset += 4;
        spec.doc = "their upper half";
        spec.effect = "reading clears both halves";
        high_[i] =
            std::make_unique<bus::Register>(chip.bank, spec, bus::RegisterHooks{.read = [this, i] {
                                                const uint64_t value = octets_.get()[i] >> 32;
                                                octets_.ref()[i] = 0;
                                                return value;
                                            }});
    }
}

void Statistics::count(Stat stat) {
    bus::Register& reg = *registers_[static_cast<size_t>(stat)];
    if (reg.value() != 0xffffffff) reg.set(reg.value() + 1);
}

void Statistics::count(Octets octets, uint64_t bytes) {
    uint64_t& sum = octets_.ref()[static_cast<size_t>(octets)];
    sum = sum + bytes < sum ? ~uint64_t{0} : sum + bytes;
}

void Statistics::count_size(Stat first, uint32_t wire_bytes) {
    size_t index = 0;
    while (index < class_ends.size() && wire_bytes > class_ends[index]) ++index;
    count(static_cast<Stat>(static_cast<size_t>(first) + index));
}

void Statistics::reset() { octets_ = {}; }

}  // namespace sb::devices::e1000
