// SPDX-License-Identifier: Apache-2.0
#include "tests/devices/e1000_moderation/reference.h"

#include <algorithm>

#include "tests/devices/e1000_moderation/bench.h"

namespace sb::test {

using namespace nic;

Time ReferenceModeration::next() const {
    Time first = std::min(
        {packet_timer_.due, absolute_timer_.due, transmit_timer_.due, transmit_bound_.due});
    const bool held = !asserted_ && (causes_ & mask_);
    return held ? std::min(first, gap_end_) : first;
}

void ReferenceModeration::pass(Time at) {
    for (Time then = next(); then <= at; then = next()) expire(then);
}

void ReferenceModeration::expire(Time at) {
    if (packet_timer_.due == at || absolute_timer_.due == at) flush_receive(at);
    if (transmit_timer_.due == at || transmit_bound_.due == at) flush_transmit(at);
    drive(at);
}

void ReferenceModeration::flush_receive(Time at) {
    packet_timer_.stop();
    absolute_timer_.stop();
    receive_flush_ = undelayed_.size();
    if (receive_flush_ == 0) cause(at, rxt0);
}

void ReferenceModeration::flush_transmit(Time at) {
    transmit_timer_.stop();
    transmit_bound_.stop();
    transmit_flush_ = writing_back_;
    if (transmit_flush_ == 0) cause(at, txdw);
}

void ReferenceModeration::receive_interrupt(Time at, uint32_t more) {
    packet_timer_.stop();
    absolute_timer_.stop();
    cause(at, rxt0 | more);
}

void ReferenceModeration::transmit_interrupt(Time at) {
    transmit_timer_.stop();
    transmit_bound_.stop();
    cause(at, txdw);
}

void ReferenceModeration::cause(Time at, uint32_t bits) {
    causes_ |= bits;
    drive(at);
}

void ReferenceModeration::drive(Time at) {
    const bool wanted = causes_ & mask_;
    if (wanted == asserted_) return;
    if (wanted && at < gap_end_) return;
    asserted_ = wanted;
    edges.push_back({at, wanted});
    if (wanted) gap_end_ = at + Time::ns(256) * interval_;
}

void ReferenceModeration::data(Time at, uint32_t bytes) {
    pass(at);
    const bool small = small_ != 0 && bytes <= small_;
    const bool delayed = !small && packet_timer_.units != 0;
    undelayed_.push_back(small ? srpd | rxt0 : delayed ? 0 : rxt0);
    if (!delayed) return;
    packet_timer_.start(at);
    if (absolute_timer_.units != 0) absolute_timer_.start_once(at);
}

void ReferenceModeration::stored(Time at) {
    pass(at);
    const uint32_t with = undelayed_.front();
    undelayed_.pop_front();
    if (with != 0) receive_interrupt(at, with);
    if (receive_flush_ != 0 && --receive_flush_ == 0) cause(at, rxt0);
}

void ReferenceModeration::writes_back(Time at) {
    pass(at);
    ++writing_back_;
}

void ReferenceModeration::written_back(Time at, bool delayed) {
    pass(at);
    --writing_back_;
    const bool flushed = transmit_flush_ != 0;
    if (flushed && --transmit_flush_ == 0) cause(at, txdw);
    if (!delayed) return transmit_interrupt(at);
    if (flushed) return;
    transmit_timer_.start(at);
    if (transmit_bound_.units != 0) transmit_bound_.start_once(at);
}

uint32_t ReferenceModeration::read_causes(Time at) {
    pass(at);
    const uint32_t was = causes_;
    causes_ = 0;
    drive(at);
    return was;
}

void ReferenceModeration::write(Time at, uint32_t reg, uint32_t value) {
    pass(at);
    switch (reg) {
        case icr:
            causes_ &= ~value;
            return drive(at);
        case ics:
            return cause(at, value);
        case ims:
            mask_ |= value;
            return drive(at);
        case imc:
            mask_ &= ~value;
            return drive(at);
        case itr:
            interval_ = value & 0xffff;
            if (interval_ == 0) gap_end_ = at;
            return drive(at);
        case rdtr:
            packet_timer_.units = value & 0xffff;
            if (packet_timer_.units == 0) absolute_timer_.stop();
            if (value & fpd) flush_receive(at);
            return;
        case radv:
            absolute_timer_.units = value & 0xffff;
            if (absolute_timer_.units == 0) absolute_timer_.stop();
            return;
        case tidv:
            transmit_timer_.units = value & 0xffff;
            return;
        case tadv:
            transmit_bound_.units = value & 0xffff;
            if (transmit_bound_.units == 0) transmit_bound_.stop();
            return;
        case rsrpd:
            small_ = value & 0xfff;
            return;
        default:
            return;
    }
}

}  // namespace sb::test
