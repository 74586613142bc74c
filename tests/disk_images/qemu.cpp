// SPDX-License-Identifier: Apache-2.0
#include "tests/disk_images/qemu.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

namespace sb::test {
namespace {

constexpr int silence_ms = 60'000;

void make_pair(int (&ends)[2]) {
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        throw std::runtime_error("no socket pair");
}

[[noreturn]] void become_qemu(const std::vector<std::string>& arguments, int line, int monitor) {
    // The monitor is handed over as the descriptor 3, by its number in the arguments.
    if (::dup2(line, STDIN_FILENO) < 0 || ::dup2(line, STDOUT_FILENO) < 0) ::_exit(126);
    if (monitor != 3 && ::dup2(monitor, 3) < 0) ::_exit(126);
    std::vector<std::string> all{
        SOUTHBRIDGE_QEMU, "-display", "none", "-no-reboot", "-nic", "none", "-m", "64",
        "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
        "-chardev", "stdio,id=line,signal=off", "-serial", "chardev:line",
        "-add-fd", "fd=3,set=1", "-chardev", "socket,id=monitor,fd=3", "-mon", "monitor"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::vector<char*> raw;
    for (std::string& argument : all) raw.push_back(argument.data());
    raw.push_back(nullptr);
    ::execv(raw[0], raw.data());
    ::_exit(127);
}

void write_all(int file, const std::string& text) {
    for (size_t done = 0; done < text.size();) {
        const ssize_t n = ::write(file, text.data() + done, text.size() - done);
        if (n <= 0) throw std::runtime_error("QEMU takes nothing more");
        done += size_t(n);
    }
}

}  // namespace

Qemu::Qemu(const std::vector<std::string>& arguments) {
    ::signal(SIGPIPE, SIG_IGN);
    int line[2], monitor[2];
    make_pair(line);
    make_pair(monitor);
    child_ = ::fork();
    if (child_ < 0) throw std::runtime_error("no process");
    if (child_ == 0) become_qemu(arguments, line[1], monitor[1]);
    ::close(line[1]);
    ::close(monitor[1]);
    line_ = line[0];
    monitor_ = monitor[0];
}

Qemu::~Qemu() {
    if (child_ > 0) {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }
    ::close(line_);
    ::close(monitor_);
}

bool Qemu::read_more() {
    pollfd wait{line_, POLLIN, 0};
    if (::poll(&wait, 1, silence_ms) <= 0)
        throw std::runtime_error("QEMU's serial line is silent after:\n" + out_);
    char bytes[4096];
    const ssize_t n = ::read(line_, bytes, sizeof bytes);
    if (n <= 0) return false;
    out_.append(bytes, size_t(n));
    return true;
}

std::string Qemu::read_until(const std::string& text) {
    while (out_.find(text) == std::string::npos)
        if (!read_more()) throw std::runtime_error("QEMU ended after:\n" + out_);
    return out_;
}

void Qemu::write(const std::string& text) { write_all(line_, text); }

void Qemu::press(const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
        write_all(monitor_, "sendkey " + key + " 20\n");
        ::usleep(50'000);  // sendkey returns while the key is still down
    }
}

Ended Qemu::wait() {
    while (read_more()) {
    }
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = -1;
    return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), out_, {}};
}

}  // namespace sb::test
