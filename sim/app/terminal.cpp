// SPDX-License-Identifier: Apache-2.0
#include "sim/app/terminal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace sb::app {
namespace {

constexpr Time tick_interval = Time::ms(20);
constexpr size_t most_waiting = 4096;  // typed ahead of a slow serial port

termios saved_mode;
volatile sig_atomic_t mode_saved = 0;

/// Keys one by one and unechoed; Ctrl-C still stops the run.
void single_keys() {
    if (::tcgetattr(STDIN_FILENO, &saved_mode) != 0) return;
    mode_saved = 1;
    std::atexit(Terminal::restore);
    termios mode = saved_mode;
    mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    mode.c_iflag &= ~static_cast<tcflag_t>(ICRNL | IXON);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &mode);
}

/// What terminals send for keys that are no characters (ECMA-48; xterm control sequences).
struct Sequence {
    const char* bytes;
    const char* key;
};
constexpr Sequence sequences[] = {
    {"\x1b[A", "up"},       {"\x1b[B", "down"},       {"\x1b[C", "right"},   {"\x1b[D", "left"},
    {"\x1bOA", "up"},       {"\x1bOB", "down"},       {"\x1bOC", "right"},   {"\x1bOD", "left"},
    {"\x1b[H", "home"},     {"\x1b[F", "end"},        {"\x1b[2~", "insert"}, {"\x1b[3~", "delete"},
    {"\x1b[5~", "page up"}, {"\x1b[6~", "page down"}, {"\x1bOP", "f1"},      {"\x1bOQ", "f2"},
    {"\x1bOR", "f3"},       {"\x1bOS", "f4"},         {"\x1b[15~", "f5"},    {"\x1b[17~", "f6"},
    {"\x1b[18~", "f7"},     {"\x1b[19~", "f8"},       {"\x1b[20~", "f9"},    {"\x1b[21~", "f10"},
    {"\x1b[23~", "f11"},    {"\x1b[24~", "f12"}};

/// A CGA colour (bits blue, green, red, bright) as an ANSI one.
unsigned ansi(unsigned colour) {
    constexpr unsigned order[] = {0, 4, 2, 6, 1, 5, 3, 7};
    return order[colour & 7];
}

std::string colours(uint8_t attribute) {
    const bool bright = attribute & 8;
    return fmt::format("\033[0;{}3{};4{}m", bright ? "1;" : "", ansi(attribute),
                       ansi(attribute >> 4));
}

}  // namespace

void Terminal::restore() {
    if (mode_saved) ::tcsetattr(STDIN_FILENO, TCSANOW, &saved_mode);
    mode_saved = 0;
}

Terminal::Terminal(machine::Machine& machine, const Options& options)
    : Component{machine.simulation(), "terminal"}, options_{options} {
    bus::Board& board = machine.chassis().board;
    screen_ = options.draw ? board.find<bus::TextScreen>("screen") : nullptr;
    if (options.to_keyboard) keyboard_ = board.find<bus::Keyboard>("keyboard");
    if (!keyboard_) line_ = board.find<bus::CharacterInput>(options.serial + ".input");
    if (options.pseudo_terminal) {
        open_pseudo_terminal(machine);
    } else if (keyboard_ || line_) {
        input_ = STDIN_FILENO;
        real_time_ = ::isatty(STDIN_FILENO) != 0;
        if (real_time_) single_keys();
    }
    start_ = std::chrono::steady_clock::now();
    if (input_ >= 0 || screen_) tick_.arm_after(tick_interval);
}

Terminal::~Terminal() {
    if (drawn_) {
        draw();
        fmt::print("\033[0m\033[{};1H\n", screen_->rows());
    }
    restore();
    if (options_.pseudo_terminal && input_ >= 0) ::close(input_);
}

void Terminal::open_pseudo_terminal(machine::Machine& machine) {
    input_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    const char* other = nullptr;
    if (input_ >= 0 && ::grantpt(input_) == 0 && ::unlockpt(input_) == 0) other = ::ptsname(input_);
    if (!other)
        throw Error(fmt::format("--serial pty: a pseudo-terminal can not be made: {}",
                                std::strerror(errno)));
    termios mode;
    if (::tcgetattr(input_, &mode) == 0) {
        ::cfmakeraw(&mode);
        ::tcsetattr(input_, TCSANOW, &mode);
    }
    ::fcntl(input_, F_SETFL, O_NONBLOCK);
    fmt::print(stderr, "serial port {}: connect with, for instance, screen {}\n", options_.serial,
               other);
    keyboard_ = nullptr;
    line_ = machine.chassis().board.find<bus::CharacterInput>(options_.serial + ".input");
    if (auto* output =
            machine.chassis().board.find<observe::TextOutput>(options_.serial + ".output"))
        output->listen([this](uint8_t c) {
            // Nobody may be connected: what they do not take is lost, as on a wire.
            if (::write(input_, &c, 1) < 0) return;
        });
    real_time_ = true;
}

void Terminal::tick() {
    using namespace std::chrono;
    int wait = 0;
    if (real_time_) {
        const auto simulated = nanoseconds{static_cast<int64_t>(now().ps() / 1000)};
        const auto ahead = duration_cast<milliseconds>(simulated - (steady_clock::now() - start_));
        wait = static_cast<int>(std::clamp<int64_t>(ahead.count(), 0, 1000));
    }
    if (screen_) draw();
    std::fflush(stdout);
    read_input(wait);
    while (line_ && !waiting_.empty() && line_->pending() < 8) {
        line_->receive(static_cast<uint8_t>(waiting_.front()));
        waiting_.erase(0, 1);
    }
    if (input_ >= 0 || screen_ || !waiting_.empty()) tick_.arm_after(tick_interval);
}

/// Waits for input at most so long; a signal ends the wait.
void Terminal::read_input(int milliseconds) {
    if (waiting_.size() >= most_waiting) return;
    pollfd what{input_, POLLIN, 0};
    if (::poll(&what, input_ >= 0 ? 1 : 0, milliseconds) <= 0) return;
    char bytes[256];
    const ssize_t n = ::read(input_, bytes, sizeof bytes);
    if (n > 0)
        keys({bytes, static_cast<size_t>(n)});
    else if (!options_.pseudo_terminal && !(n < 0 && (errno == EAGAIN || errno == EINTR)))
        input_ = -1;  // the end of the input: nobody types any more
}

void Terminal::keys(const std::string& bytes) {
    if (!keyboard_) {
        waiting_ += bytes;
        return;
    }
    for (size_t at = 0; at < bytes.size();) {
        const auto* known =
            std::find_if(std::begin(sequences), std::end(sequences), [&](const Sequence& s) {
                return bytes.compare(at, std::strlen(s.bytes), s.bytes) == 0;
            });
        if (known != std::end(sequences)) {
            keyboard_->stroke(known->key);
            at += std::strlen(known->bytes);
            continue;
        }
        const char c = bytes[at++];
        keyboard_->type(std::string(1, c == '\r' ? '\n' : c == '\x7f' ? '\b' : c));
    }
}

/// Only cells that changed are written.
void Terminal::draw() {
    if (!screen_->text_mode()) return;
    const unsigned columns = screen_->columns(), rows = screen_->rows();
    std::string out;
    if (shown_.size() != size_t{columns} * rows) {
        shown_.assign(size_t{columns} * rows, {0, 0xff});
        out += "\033[0m\033[2J";
    }
    for (unsigned row = 0; row < rows; ++row) {
        unsigned at = columns;  // where the terminal's cursor is, in this row
        int attribute = -1;
        for (unsigned column = 0; column < columns; ++column) {
            const auto cell = screen_->cell(column, row);
            auto& shown = shown_[size_t{row} * columns + column];
            if (cell == shown) continue;
            shown = cell;
            if (at != column) out += fmt::format("\033[{};{}H", row + 1, column + 1);
            if (attribute != cell.attribute) out += colours(cell.attribute);
            attribute = cell.attribute;
            out += cell.character ? bus::utf8_of_cp437(cell.character) : " ";
            at = column + 1;
        }
    }
    const auto cursor = screen_->cursor();
    if (!out.empty() || !drawn_ || !(cursor == shown_cursor_))
        out += fmt::format("\033[0m\033[{};{}H", cursor.row + 1, cursor.column + 1);
    shown_cursor_ = cursor;
    drawn_ = true;
    std::fwrite(out.data(), 1, out.size(), stdout);
    std::fflush(stdout);
}

}  // namespace sb::app
