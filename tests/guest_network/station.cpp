// SPDX-License-Identifier: Apache-2.0
#include "tests/guest_network/station.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace sb::test {
namespace {

constexpr int patience_ms = 10'000;

}  // namespace

Station::Station(const std::vector<std::string>& controllers, const std::string& options) {
    std::vector<std::string> arguments{"-kernel", SOUTHBRIDGE_BINARY_DIR "/guest/network.elf",
                                       "-append", "console=serial address=10.0.0.2 address2=10.0.1.2 " + options};
    for (size_t i = 0; i < controllers.size(); ++i) {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0)
            throw std::runtime_error("no socket pair");
        ours_.push_back(ends[0]);
        // QEMU takes descriptor 3 for its monitor: the cable must not be it.
        qemus_.push_back(::dup(ends[1]) == 3 ? ::dup(ends[1]) : ends[1]);
        arguments.insert(
            arguments.end(),
            {"-netdev", fmt::format("dgram,id=net{},local.type=fd,local.str={}", i, qemus_.back()),
             "-device", fmt::format("{},netdev=net{}", controllers[i], i)});
    }
    qemu_ = std::make_unique<Qemu>(arguments);
    qemu_->read_until("ready");
}

Station::~Station() {
    qemu_.reset();
    for (const int end : ours_) ::close(end);
    for (const int end : qemus_) ::close(end);
}

void Station::send(const Bytes& frame, size_t cable) {
    if (::send(ours_.at(cable), frame.data(), frame.size(), 0) !=
        static_cast<ssize_t>(frame.size()))
        throw std::runtime_error("QEMU takes no more frames");
}

Bytes Station::receive(size_t cable) {
    pollfd wait{ours_.at(cable), POLLIN, 0};
    if (::poll(&wait, 1, patience_ms) <= 0) throw std::runtime_error("no frame came");
    Bytes frame(2048, '\0');
    const ssize_t bytes = ::recv(wait.fd, frame.data(), frame.size(), 0);
    if (bytes <= 0) throw std::runtime_error("the cable is broken");
    frame.resize(static_cast<size_t>(bytes));
    return frame;
}

Bytes Station::find_guest(size_t cable) {
    const auto network = static_cast<unsigned>(cable);
    const Bytes mac = hardware_address(network, 1);
    send(ethernet(Bytes(6, '\xff'), mac, 0x0806,
                  arp(1, mac, address(network, 1), Bytes(6, '\0'), address(network, 2))),
         cable);
    const Bytes answer = receive(cable);
    const Bytes guest = answer.substr(6, 6);
    const Bytes expected =
        mac + guest + big16(0x0806) + arp(2, guest, address(network, 2), mac, address(network, 1));
    if (answer.substr(0, expected.size()) != expected)
        throw std::runtime_error("a strange answer to ARP");
    return guest;
}

long figure(const std::string& text, const std::string& name) {
    for (size_t at = text.find(name + "="); at != std::string::npos;
         at = text.find(name + "=", at + 1)) {
        const bool whole_name = at == 0 || text[at - 1] == ' ' || text[at - 1] == '\n';
        if (whole_name) return std::stol(text.substr(at + name.size() + 1));
    }
    return -1;
}

}  // namespace sb::test
