// SPDX-License-Identifier: Apache-2.0
#include "tests/support/isolated.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <stdexcept>

namespace sb::test {
namespace {

void write_all(int fd, const std::string& text) {
    for (size_t done = 0; done < text.size();) {
        ssize_t n = ::write(fd, text.data() + done, text.size() - done);
        if (n <= 0) return;
        done += static_cast<size_t>(n);
    }
}

}  // namespace

std::string& failed_checks() {
    static std::string words;
    return words;
}

std::string isolated_text(const std::function<std::string()>& body) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("isolated: no pipe");
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("isolated: no process");
    if (child == 0) {
        ::close(ends[0]);
        int status = 0;
        std::string words;
        failed_checks().clear();
        try {
            words = body();
        } catch (const std::exception& error) {
            words = error.what();
            status = 1;
        } catch (...) {  // what an assertion that is required throws
            words.clear();
            status = 1;
        }
        if (!failed_checks().empty()) {
            words = failed_checks();
            status = 1;
        }
        write_all(ends[1], words);
        std::fflush(nullptr);
        ::_exit(status);
    }
    ::close(ends[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<size_t>(n));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        throw std::runtime_error("the row died by signal " + std::to_string(WTERMSIG(status)));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw std::runtime_error("the row failed: " + text);
    return text;
}

}  // namespace sb::test
