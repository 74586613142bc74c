// SPDX-License-Identifier: Apache-2.0
//
// The core at work: transfers, chains, errors, reset.
#include <fmt/format.h>

#include "devices/cdma/axi_cdma.h"

namespace sb::devices::cdma {

// ---- Start

void AxiCdma::start_simple() {
    if (halted_) {
        finding("a transfer was started after an error, without a reset: ignored");
        return;
    }
    running_ = Descriptor{.from = source_at_, .to = destination_at_, .bytes = bytes_value_};
    if (bytes_value_ == 0) {
        fail_data(End::internal_error);
        return halt();
    }
    idle_ = 0;
    in_hand_ = true;
    start_.arm_after(clock_.cycles(start_clocks_));
    show_phase();
}

void AxiCdma::start_chain() {
    if (halted_) {
        finding("a transfer was started after an error, without a reset: ignored");
        return;
    }
    if (busy()) {
        descriptors_.move_tail(tail_at_);
        return pump();
    }
    idle_ = 0;
    delay_timer_.cancel();
    start_.arm_after(clock_.cycles(start_clocks_));
    show_phase();
}

void AxiCdma::start_due() {
    if (!sg_mode_) {
        begin_transfer();
    } else if (fresh_) {
        fresh_ = false;
        descriptors_.begin(current_at_, tail_at_, cyclic_);
    } else {
        descriptors_.resume(tail_at_, cyclic_);
    }
    pump();
}

// ---- Run

/// Does all that can be done now.
void AxiCdma::pump() {
    if (halting_ || resetting_) return check_quiet();
    if (!busy() || start_.armed()) return;
    if (waiting_ && !descriptors_.updating()) {
        waiting_ = in_hand_ = false;
        descriptors_.update(running_->at, waiting_status_);
    }
    if (sg_mode_ && !in_hand_ && !failed()) begin_descriptor();
    if (halting_ || !busy()) return;
    mover_.step();
    descriptors_.step();
    if (sg_mode_ && !in_hand_ && !waiting_ && descriptors_.finished()) return go_idle();
    show_phase();
}

/// Any error bit of CDMASR.
bool AxiCdma::failed() const {
    return data_internal_ || data_slave_ || data_decode_ || sg_internal_ || sg_slave_ || sg_decode_;
}

void AxiCdma::begin_descriptor() {
    const Descriptor* first = descriptors_.first();
    if (!first) return;
    if (const auto end = static_cast<End>(first->end); end != End::done) {
        fail_descriptor(end, first->at);
        return halt();
    }
    if (first->ready > now()) return begin_.arm_at(first->ready);
    running_ = descriptors_.take();
    in_hand_ = true;
    show_current(running_->at);
    if (running_->bytes == 0) return transfer_ended(End::internal_error);
    begin_transfer();
}

void AxiCdma::begin_transfer() {
    const Descriptor& d = running_;
    act(begins_name_, d.from, d.bytes);
    mover_.start({.from = d.from,
                  .to = d.to,
                  .bytes = d.bytes,
                  .fixed_from = fixed_read_ != 0,
                  .fixed_to = fixed_write_ != 0});
}

void AxiCdma::descriptor_fetched(const Descriptor& descriptor) {
    if (static_cast<End>(descriptor.end) == End::done) {
        ++fetches_;
        act(fetched_name_, descriptor.at, descriptor.bytes);
    }
    pump();
}

void AxiCdma::transfer_ended(End end) {
    if (halting_ || resetting_) return check_quiet();
    if (end == End::done) {
        ++transfers_;
        moved_ += running_->bytes;
        act(ends_name_, running_->to, running_->bytes);
    } else {
        fail_data(end);
    }
    if (sg_mode_) {
        using D = DescriptorEngine;
        constexpr uint32_t words[]{D::completed, D::internal_error, D::slave_error,
                                   D::decode_error};
        waiting_ = true;
        waiting_status_ = words[static_cast<size_t>(end)];
        return pump();
    }
    if (end != End::done) return halt();
    complete_ = 1;
    go_idle();
    update_interrupt();
}

/// A descriptor's status is in memory.
void AxiCdma::status_updated(uint64_t at, uint32_t status, End end) {
    if (halting_ || resetting_) return check_quiet();
    descriptors_.release();
    if (end != End::done) {
        fail_descriptor(end, at);
        return halt();
    }
    act(written_name_, at, status);
    if (!(status & DescriptorEngine::completed)) return halt();
    completed();
    pump();
}

void AxiCdma::go_idle() {
    idle_ = 1;
    in_hand_ = false;
    restart_delay();
    show_phase();
}

// ---- Errors

void AxiCdma::fail_data(End end) {
    auto where = [&] {
        return fmt::format("{} bytes from {:#x} to {:#x}", running_->bytes, running_->from,
                           running_->to);
    };
    if (end == End::internal_error) {
        data_internal_ = 1;
        finding("a transfer of zero bytes (DMAIntErr): the core halts until it is reset", where);
    } else if (end == End::slave_error) {
        data_slave_ = 1;
        function_.received_target_abort = 1;
        finding("a transfer's target refused (DMASlvErr): the core halts until it is reset", where);
    } else {
        data_decode_ = 1;
        function_.received_master_abort = 1;
        finding(
            "a transfer to or from where nothing is (DMADecErr): the core halts until it is "
            "reset",
            where);
    }
    error_ = 1;
    ++errors_;
    update_interrupt();
}

/// A descriptor could not be fetched, or its status not be written.
void AxiCdma::fail_descriptor(End end, uint64_t at) {
    show_current(at);
    auto where = [at] { return fmt::format("the descriptor at {:#x}", at); };
    if (end == End::internal_error) {
        sg_internal_ = 1;
        finding(
            "a descriptor was fetched that is completed already (SGIntErr): the core halts "
            "until it is reset",
            where);
    } else if (end == End::slave_error) {
        sg_slave_ = 1;
        function_.received_target_abort = 1;
        finding("a descriptor's target refused (SGSlvErr): the core halts until it is reset",
                where);
    } else {
        sg_decode_ = 1;
        function_.received_master_abort = 1;
        finding("a descriptor where nothing is (SGDecErr): the core halts until it is reset",
                where);
    }
    error_ = 1;
    ++errors_;
    update_interrupt();
}

/// No more is begun; the core is idle when the transactions under way have ended.
void AxiCdma::halt() {
    halting_ = true;
    waiting_ = in_hand_ = false;
    begin_.cancel();
    mover_.drain();
    descriptors_.drain();
    check_quiet();
}

void AxiCdma::check_quiet() {
    if (!mover_.quiet() || !descriptors_.quiet()) return show_phase();
    if (resetting_) {
        if (!reset_timer_.armed()) reset_timer_.arm_after(clock_.cycles(reset_clocks_));
    } else if (halting_) {
        halting_ = false;
        halted_ = true;
        idle_ = 1;
    }
    show_phase();
}

// ---- Reset

void AxiCdma::begin_reset() {
    control_ = control_value_.get();
    reset_ = 1;
    control_value_ = control_.value();
    resetting_ = true;
    halting_ = waiting_ = in_hand_ = false;
    start_.cancel();
    begin_.cancel();
    delay_timer_.cancel();
    mover_.drain();
    descriptors_.drain();
    check_quiet();
}

void AxiCdma::reset_due() {
    mover_.cancel();
    descriptors_.cancel();
    clear_state();
    bank_.reset();
    control_value_ = control_.value();
    act(reset_name_);
    update_interrupt();
    show_phase();
}

void AxiCdma::clear_state() {
    start_.cancel();
    begin_.cancel();
    delay_timer_.cancel();
    reset_timer_.cancel();
    current_at_ = tail_at_ = source_at_ = destination_at_ = bytes_value_ = 0;
    fresh_ = true;
    halting_ = halted_ = resetting_ = waiting_ = in_hand_ = false;
    uninterrupted_ = 0;
}

}  // namespace sb::devices::cdma
