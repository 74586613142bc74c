// SPDX-License-Identifier: Apache-2.0
#include "tests/disk_images/qemu.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iterator>
#include <sstream>
#include <stdexcept>

namespace sb::test {
namespace {

constexpr int silence_ms = 60'000;

const char* const fixed_arguments =
    "-display none -no-reboot -nic none -m 64 -device isa-debug-exit,iobase=0xf4,iosize=0x04 "
    "-chardev stdio,id=line,signal=off -serial chardev:line "
    "-chardev socket,id=monitor,fd=3 -mon monitor";

void make_pair(int (&ends)[2]) {
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        throw std::runtime_error("no socket pair");
}

[[noreturn]] void become_qemu(const std::vector<std::string>& arguments, int line, int monitor) {
    // The monitor is handed over as the descriptor 3, by its number in the arguments.
    if (::dup2(line, STDIN_FILENO) < 0 || ::dup2(line, STDOUT_FILENO) < 0) ::_exit(126);
    if (monitor != 3 && ::dup2(monitor, 3) < 0) ::_exit(126);
    std::istringstream words{fixed_arguments};
    std::vector<std::string> all{SOUTHBRIDGE_QEMU};
    all.insert(all.end(), std::istream_iterator<std::string>{words}, {});
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

/// False at the end of the file.
bool read_more(int file, std::string& text) {
    pollfd wait{file, POLLIN, 0};
    if (::poll(&wait, 1, silence_ms) <= 0)
        throw std::runtime_error("QEMU says nothing more after:\n" + text);
    char bytes[4096];
    const ssize_t n = ::read(file, bytes, sizeof bytes);
    if (n <= 0) return false;
    text.append(bytes, size_t(n));
    return true;
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
    wait_for_prompt();
}

Qemu::~Qemu() {
    if (child_ > 0) {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }
    ::close(line_);
    ::close(monitor_);
}

std::string Qemu::read_until(const std::string& text) {
    while (out_.find(text) == std::string::npos)
        if (!read_more(line_, out_)) throw std::runtime_error("QEMU ended after:\n" + out_);
    return out_;
}

void Qemu::write(const std::string& text) { write_all(line_, text); }

void Qemu::press(const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
        command("sendkey " + key + " 20");
        ::usleep(50'000);  // sendkey returns while the key is still down
    }
}

std::string Qemu::screen() {
    const std::string file = folder_.path("screen");
    // 25 rows of 80 characters with their colours. Quoted, since a "/" would be a division.
    command("pmemsave 0xb8000 4000 \"" + file + "\"");
    const std::string cells = folder_.read("screen");
    std::string text;
    for (size_t i = 0; i < cells.size(); i += 2) {
        text += cells[i];
        if (i % 160 == 158) text.erase(text.find_last_not_of(' ') + 1) += '\n';
    }
    return text;
}

void Qemu::command(const std::string& words) {
    write_all(monitor_, words + "\n");
    wait_for_prompt();
}

// The monitor shows the line as it takes it, or at the start who it is, and then a prompt.
void Qemu::wait_for_prompt() {
    const std::string prompt = "(qemu) ";
    std::string answer;
    while (answer.find('\n') == std::string::npos || !answer.ends_with(prompt))
        if (!read_more(monitor_, answer)) throw std::runtime_error("QEMU's monitor ended");
}

Ended Qemu::wait() {
    while (read_more(line_, out_)) {
    }
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = -1;
    return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), out_, {}};
}

}  // namespace sb::test
