// SPDX-License-Identifier: Apache-2.0
#include "tests/machine/two_machines.h"

#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>

#include "bus/ethernet.h"
#include "bus/isa.h"
#include "tests/support/elf.h"

namespace sb::test {
namespace {

using bus::Frame;

/// What two machines may do to each other, and no more: a frame sent is there a while later.
class MailboxWire final : public bus::Device, public bus::EthernetWire {
  public:
    explicit MailboxWire(const bus::DeviceContext& context)
        : Device{context},
          joint_{bus::EthernetJoints::of(context.board).joint(context.name)},
          latency_{context.config.duration("latency")} {
        joint_.wire = this;
    }
    uint64_t bits_per_second() const override { return mailbox_rate; }
    void transmit(unsigned end, Frame frame) override {
        const Time at =
            now() + bus::ethernet::wire_time(frame.bytes.size(), mailbox_rate) + latency_;
        probe().emit(now(), observe::Kind::device, probe().stream().intern("carry"), frame.packet);
        flying_[end].push_back({std::move(frame), at});
        if (flying_[end].size() == 1) timer(end).arm_at(at);
    }
    Time join_machines() override {
        for (unsigned end : {0u, 1u}) timer(end).act_for(*joint_.ends[1 - end].owner);
        return latency_ + bus::ethernet::wire_time(0, mailbox_rate);
    }

  private:
    Timer& timer(unsigned end) { return end == 0 ? from_a_ : from_b_; }
    void arrive(unsigned end) {
        const Frame frame = std::move(flying_[end].front().first);
        flying_[end].pop_front();
        if (!flying_[end].empty()) timer(end).arm_at(flying_[end].front().second);
        joint_.ends[1 - end].station->frame_arrived(frame);
    }

    bus::EthernetJoint& joint_;
    Time latency_;
    std::deque<std::pair<Frame, Time>> flying_[2];
    Timer from_a_{*this, "from_a", [this] { arrive(0); }};
    Timer from_b_{*this, "from_b", [this] { arrive(1); }};
};

/// SEND sends a number, COUNT says how many have come and wait, VALUE takes one out.
class Mailbox final : public bus::Device, private bus::Station {
  public:
    explicit Mailbox(const bus::DeviceContext& context)
        : Device{context},
          plug_{*this, context, *this, {}},
          bank_{*this, {.name = "mailbox", .size = 12}},
          send_{bank_, spec("SEND", 0, bus::wo), {.write = [this](uint64_t v) { send(v); }}},
          count_{bank_, spec("COUNT", 4, bus::ro), {.read = [this] { return values_.size(); }}},
          value_{bank_, spec("VALUE", 8, bus::ro), {.read = [this] { return take(); }}} {
        bus::claim_ports(context, bank_, 0x300);
    }

  private:
    static bus::Register::Spec spec(const char* name, uint32_t offset, bus::Access access) {
        return {
            .name = name, .offset = offset, .bits = 32, .access = access, .doc = "", .effect = ""};
    }
    void send(uint64_t value) {
        Frame frame;
        frame.bytes.resize(bus::ethernet::least_bytes);
        for (unsigned n = 0; n < 4; ++n) frame.bytes[n] = static_cast<uint8_t>(value >> (8 * n));
        plug_.transmit(std::move(frame));
    }
    uint64_t take() {
        if (values_.empty()) return 0;
        const uint32_t value = values_.front();
        values_.pop_front();
        return value;
    }
    void frame_arrived(const Frame& frame) override {
        uint32_t value = 0;
        for (unsigned n = 0; n < 4; ++n) value |= uint32_t{frame.bytes[n]} << (8 * n);
        values_.push_back(value);
        probe().emit(now(), observe::Kind::device, probe().stream().intern("got"), value);
    }

    bus::EthernetPlug plug_;
    std::deque<uint32_t> values_;
    bus::RegisterBank bank_;
    bus::Register send_, count_, value_;
};

const bus::DeviceModel mailbox_wire{
    "mailbox-wire",
    "a wire for tests",
    "none",
    {{"latency", ValueType::duration, "500ns", "", {}, 0, 1'000'000'000'000}},
    [](const bus::DeviceContext& c) { return std::make_unique<MailboxWire>(c); }};
SOUTHBRIDGE_DEVICE(mailbox_wire)
const bus::DeviceModel mailbox{
    "mailbox",
    "numbers by wire, for tests",
    "none",
    {bus::EthernetPlug::key()},
    [](const bus::DeviceContext& c) { return std::make_unique<Mailbox>(c); }};
SOUTHBRIDGE_DEVICE(mailbox)

using Bytes = std::vector<uint8_t>;

void append(Bytes& code, const Bytes& more) { code.insert(code.end(), more.begin(), more.end()); }

Bytes dword(uint8_t opcode, uint32_t v) {
    return {opcode, static_cast<uint8_t>(v), static_cast<uint8_t>(v >> 8),
            static_cast<uint8_t>(v >> 16), static_cast<uint8_t>(v >> 24)};
}
Bytes port(uint16_t number) {  // mov dx, number
    return {0x66, 0xba, static_cast<uint8_t>(number), static_cast<uint8_t>(number >> 8)};
}
Bytes send() {  // eax
    Bytes code = port(0x300);
    append(code, {0xef});  // out dx, eax
    return code;
}
Bytes receive() {  // waits for a number, into eax
    Bytes code = port(0x304);
    append(code, {0xed, 0x85, 0xc0, 0x74, 0xfb});  // in eax, dx; test eax, eax; jz the in
    append(code, port(0x308));
    append(code, {0xed});
    return code;
}
Bytes exit_with_al() {
    Bytes code{0x0f, 0xb6, 0xc0};  // movzx eax, al
    append(code, port(0xf4));
    append(code, {0xef, 0xeb, 0xfe});  // out dx, eax; jmp itself
    return code;
}
Bytes back_to(size_t target, const Bytes& code, uint8_t opcode) {
    return {opcode, static_cast<uint8_t>(target - (code.size() + 2))};
}

}  // namespace

MailboxGuests::MailboxGuests(uint32_t rounds) {
    Bytes ping = dword(0xb9, rounds);  // mov ecx, rounds
    append(ping, dword(0xb8, 1));      // mov eax, 1
    const size_t loop = ping.size();
    append(ping, send());
    append(ping, receive());
    append(ping, {0x89, 0xc3, 0x40, 0x49});   // mov ebx, eax; inc eax; dec ecx
    append(ping, back_to(loop, ping, 0x75));  // jnz loop
    append(ping, {0x81, 0xfb});               // cmp ebx, 2 * rounds
    const Bytes last = dword(0, 2 * rounds);
    ping.insert(ping.end(), last.begin() + 1, last.end());
    append(ping, {0x0f, 0x95, 0xc0});  // setne al
    append(ping, exit_with_al());
    write("ping", ping);

    Bytes pong = receive();
    append(pong, {0x40});
    append(pong, send());
    Bytes once = pong;
    append(pong, back_to(0, pong, 0xeb));
    write("pong", pong);
    append(once, {0x30, 0xc0});  // xor al, al
    append(once, exit_with_al());
    write("once", once);

    Bytes fails = receive();
    append(fails, {0xb0, 1});  // mov al, 1
    append(fails, exit_with_al());
    write("fails", fails);
    Bytes halts = receive();
    append(halts, {0xfa, 0xf4});  // cli; hlt
    write("halts", halts);
    write("sleeps", {0xfb, 0xf4, 0xeb, 0xfd});  // sti; hlt; jmp the hlt

    Bytes counts = dword(0xb9, 1000);
    append(counts, {0x01, 0xc8, 0x49, 0x75, 0xfb, 0x30, 0xc0});  // add eax, ecx; dec ecx; jnz; xor
    append(counts, exit_with_al());
    write("counts", counts);
}

MailboxGuests::~MailboxGuests() {
    for (const std::string& name : names_) std::filesystem::remove(path(name));
}

std::string MailboxGuests::path(const std::string& name) const {
    static const pid_t maker = ::getpid();  // who asks may be a forked row
    return std::string{SOUTHBRIDGE_BINARY_DIR} + "/mailbox_" + name + std::to_string(maker) +
           ".elf";
}

void MailboxGuests::write(const std::string& name, const Bytes& code) {
    names_.push_back(name);
    const std::string file = elf({code.begin(), code.end()});
    std::ofstream{path(name), std::ios::binary}.write(file.data(), std::ssize(file));
}

}  // namespace sb::test
