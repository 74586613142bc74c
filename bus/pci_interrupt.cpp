// SPDX-License-Identifier: Apache-2.0
//
// How a function's interrupt leaves it: by its pin, or by a message.
#include <cstring>

#include "bus/pci.h"
#include "bus/pci_master.h"
#include "bus/pci_memory.h"

namespace sb::pci {

// PCI 2.2, 6.8.1: the capability structure for 32-bit message addresses, one message.
struct Function::Msi {
    Msi(Function& f, uint32_t at)
        : pointer{f.bank,
                  {.name = "CAP_PTR",
                   .offset = 0x34,
                   .bits = 8,
                   .access = ro,
                   .reset = at,
                   .doc = "first capability"}},
          id{f.bank,
             {.name = "MSI_ID",
              .offset = at,
              .bits = 8,
              .access = ro,
              .reset = 0x05,
              .doc = "capability: message signalled interrupts"}},
          next{f.bank,
               {.name = "MSI_NEXT",
                .offset = at + 1,
                .bits = 8,
                .access = ro,
                .doc = "no further capability"}},
          control{f.bank,
                  {.name = "MSI_CONTROL",
                   .offset = at + 2,
                   .bits = 16,
                   .doc = "message control",
                   .effect = "enabling takes the interrupt off the pin"},
                  {.write = [&f](uint64_t) { f.pin_.set(f.asserted_ && !f.sends_messages()); }}},
          address{f.bank,
                  {.name = "MSI_ADDRESS",
                   .offset = at + 4,
                   .bits = 32,
                   .doc = "where the message is written"}},
          data{f.bank, {.name = "MSI_DATA", .offset = at + 8, .bits = 16, .doc = "the message"}},
          port{f, "message", [this](MasterPort::Result result) { sent(result); }},
          again{f.owner, "message_again", false},
          function{f} {}

    void sent(MasterPort::Result result) {
        const uint64_t to = dword.make(dword);
        const auto value = static_cast<uint32_t>(data.value());
        if (result != MasterPort::Result::done)
            function.owner.finding("an interrupt message was lost: nobody took the write",
                                   [&] { return message_text(to, value); });
        else if (to - message_base >= message_size)
            function.owner.finding(
                "an interrupt message's address is not one of local APICs: it was written there",
                [&] { return message_text(to, value); });
        if (!again) return;
        again = false;
        function.send_message();
    }

    Register pointer;
    Register id;
    Register next;
    Register control;
    Field enable{control, "ENABLE", 0, "messages instead of the pin"};
    Field wanted{control, "MESSAGES", 6, 4, "messages allotted: one is used"};
    Register address;
    Field dword{address, "ADDRESS", 31, 2, "address of a dword"};
    Register data;
    MasterPort port;
    State<bool> again;  // another interrupt while a message was on its way
    Function& function;
};

Function::~Function() = default;

void Function::add_msi(uint32_t offset) {
    msi_ = std::make_shared<Msi>(*this, offset);
    capabilities = 1;
}

bool Function::sends_messages() const { return msi_ && msi_->enable; }

void Function::interrupt(bool asserted) {
    const bool rises = asserted && !asserted_;
    asserted_ = asserted;
    pin_.set(asserted && !sends_messages());
    if (rises && sends_messages()) send_message();
}

void Function::send_message() {
    if (!bus_master())
        return owner.finding(
            "an interrupt message was lost: bus mastering was disabled in PCI COMMAND");
    if (msi_->port.busy()) {
        msi_->again = true;
        return;
    }
    const uint64_t to = msi_->dword.make(msi_->dword);
    const auto data = static_cast<uint32_t>(msi_->data.value());
    if (!bus_.local() && to - message_base < message_size) {
        // Without cycles of its own, the bus takes no time for it.
        const char* wrong = pci::send_message(bus_.board().shared<ApicBus>("apic.bus"),
                                              owner.probe(), owner.now(), to, data);
        if (wrong) owner.finding(wrong, [&] { return message_text(to, data); });
        return;
    }
    std::memcpy(msi_->port.buffer(), &data, sizeof data);
    msi_->port.request(true, to, sizeof data);
}

}  // namespace sb::pci
