// SPDX-License-Identifier: Apache-2.0
//
// IN and OUT. Their clocks depend on the mode and on the privilege level; an access that takes no
// time (an observation port) makes the whole instruction free.
#include "cpu/execute/handlers.h"

namespace sb::cpu {
namespace {

template <typename T>
void in(Core& c, const Operation* op) {
    const bool by_dx = op->form == Form::rr;
    const auto port = static_cast<uint16_t>(by_dx ? c.s.regs[edx] : op->imm & 0xff);
    c.commit(op);
    c.check_port(port, sizeof(T));
    c.set_reg<T>(0, static_cast<T>(c.port_read(port, sizeof(T))));
    if (!c.free_access) c.spend(c.port_row(Row::port_in_real));
    c.free_access = false;
    c.watch_limit();
    next_checked(c, op);
}

template <typename T>
void out(Core& c, const Operation* op) {
    const bool by_dx = op->form == Form::rr;
    const auto port = static_cast<uint16_t>(by_dx ? c.s.regs[edx] : op->imm & 0xff);
    c.check_port(port, sizeof(T));
    c.port_write(port, c.reg<T>(0), sizeof(T));
    if (!c.free_access) c.spend(c.port_row(by_dx ? Row::port_out_dx_real : Row::port_out_i_real));
}

}  // namespace

Binding bind_port(const Operation& op) {
    switch (op.mnemonic) {
        case ZYDIS_MNEMONIC_IN:
            return for_size(op.size, []<typename T>(T) -> Binding { return {in<T>}; });
        case ZYDIS_MNEMONIC_OUT:
            return for_size(op.src_size, []<typename T>(T) -> Binding {
                return {alone<out<T>>, true};
            });
        default:
            return {};
    }
}

}  // namespace sb::cpu
