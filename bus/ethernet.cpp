// SPDX-License-Identifier: Apache-2.0
#include "bus/ethernet.h"

#include <fmt/format.h>

namespace sb::bus {
namespace {

constexpr unsigned number_bits = 27;  // of a station's own packets; the numbers come round after 134 million
constexpr uint32_t most_stations = (1u << (32 - number_bits)) - 1;

}  // namespace

Time EthernetWire::join_machines() {
    throw Error("this model of a wire can not join two machines; use an ethernet-wire");
}

EthernetPlug::EthernetPlug(Device& owner, const DeviceContext& context, Station& station,
                           std::vector<uint64_t> rates)
    : packets_{owner, "packets_numbered", 0} {
    EthernetJoints& joints = EthernetJoints::of(context.board);
    station_ = joints.next_station();
    if (station_ > most_stations)
        throw Error(fmt::format("{}: there are more than {} stations on wires", context.name, most_stations));
    const std::string& wire = context.config.text("wire");
    if (wire.empty()) return;
    joint_ = &joints.joint(wire);
    end_ = joint_->ends[0].station ? 1 : 0;
    if (joint_->ends[end_].station)
        throw Error(fmt::format("{}: both ends of the wire \"{}\" are taken, by {} and {}; give it a wire of its own",
                                context.name, wire, joint_->ends[0].name, joint_->ends[1].name));
    joint_->ends[end_] = {&station, owner.path(), std::move(rates), &owner};
}

void EthernetPlug::transmit(Frame frame) {
    if (frame.packet == 0) frame.packet = next_packet();
    if (joint_ && joint_->wire) joint_->wire->transmit(end_, std::move(frame));
}

uint32_t EthernetPlug::next_packet() {
    packets_ = (packets_ + 1) & ((1u << number_bits) - 1);
    if (packets_ == 0) packets_ = 1;
    return station_ << number_bits | packets_;
}

}  // namespace sb::bus
