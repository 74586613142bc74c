// SPDX-License-Identifier: Apache-2.0
#include "sim/lab/process_pool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <vector>

#include "sim/kernel/error.h"

namespace sb::lab {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int signals[]{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr double tick_seconds = 0.5;
constexpr size_t most_words = 4096;
constexpr int job_threw = 3;

struct Child {
    size_t job;
    pid_t pid;
    int words;  // the reading end of its standard error; its end is the child's
    Clock::time_point started;
    JobEnd end;
    bool killed = false;
};

/// Signals are blocked except while waiting, so that none comes between looking and waiting.
class SignalsHeld {
  public:
    SignalsHeld() {
        sigset_t held;
        sigemptyset(&held);
        for (const int signal : signals) sigaddset(&held, signal);
        sigprocmask(SIG_BLOCK, &held, &before);
    }
    ~SignalsHeld() { sigprocmask(SIG_SETMASK, &before, nullptr); }
    sigset_t before{};
};

[[noreturn]] void be_child(int words, pid_t parent, const sigset_t& mask, size_t job,
                           const std::function<int(size_t)>& body) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(job_threw);
    for (const int signal : signals) ::signal(signal, SIG_DFL);
    sigprocmask(SIG_SETMASK, &mask, nullptr);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    const int nowhere = ::open("/dev/null", O_RDWR);
    if (nowhere >= 0) {
        ::dup2(nowhere, STDIN_FILENO);
        ::dup2(nowhere, STDOUT_FILENO);
    }
    ::dup2(words, STDERR_FILENO);
    int status = job_threw;
    try {
        status = body(job);
    } catch (const std::exception& error) {
        const std::string what = error.what();
        if (::write(STDERR_FILENO, what.data(), what.size()) < 0) status = job_threw;
    }
    // Nothing of the parent's is flushed or destroyed twice.
    ::_exit(status);
}

class Pool {
  public:
    Pool(const PoolOptions& options, const std::function<int(size_t)>& body,
         const std::function<void(size_t, const JobEnd&)>& ended)
        : options_{options}, body_{body}, ended_{ended} {}
    ~Pool() {
        for (Child& child : children_) {
            ::kill(child.pid, SIGKILL);
            ::waitpid(child.pid, nullptr, 0);
            ::close(child.words);
        }
    }

    void run(size_t count) {
        size_t next = 0;
        while (true) {
            const bool stop = options_.stop();
            while (!stop && next < count && children_.size() < options_.at_once) start(next++);
            if (children_.empty()) return;
            options_.tick(static_cast<unsigned>(children_.size()));
            if (stop)
                for (Child& child : children_) kill(child, JobEnd::Kind::stopped);
            wait();
            end_late_ones();
        }
    }

  private:
    void start(size_t job) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0)
            throw Error(fmt::format("no pipe for a run: {}", std::strerror(errno)));
        const pid_t parent = ::getpid();
        const pid_t pid = ::fork();
        if (pid == 0) be_child(ends[1], parent, held_.before, job, body_);
        ::close(ends[1]);
        if (pid < 0) {
            ::close(ends[0]);
            throw Error(fmt::format("no process for a run: {}", std::strerror(errno)));
        }
        ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
        children_.push_back({job, pid, ends[0], Clock::now(), {}});
    }

    static void kill(Child& child, JobEnd::Kind why) {
        if (child.killed) return;
        child.killed = true;
        child.end.kind = why;
        ::kill(child.pid, SIGKILL);
    }

    /// Until a child ends or says something, a signal comes, or it is time for a tick.
    void wait() {
        double seconds = tick_seconds;
        if (options_.timeout > 0)
            for (const Child& child : children_)
                seconds = std::min(seconds, std::max(0.001, options_.timeout - age(child)));
        std::vector<pollfd> files;
        for (const Child& child : children_) files.push_back({child.words, POLLIN, 0});
        const timespec limit{0, static_cast<long>(seconds * 1e9)};
        if (::ppoll(files.data(), files.size(), &limit, &held_.before) <= 0) return;
        std::vector<Child> left;
        std::vector<Child> over;
        for (size_t i = 0; i < files.size(); ++i)
            (files[i].revents && listen(children_[i]) ? over : left).push_back(children_[i]);
        children_ = std::move(left);
        for (Child& child : over) bury(child);
    }

    /// True at the end of what it says, which is its own.
    static bool listen(Child& child) {
        char text[4096];
        while (true) {
            const ssize_t got = ::read(child.words, text, sizeof text);
            if (got == 0) return true;
            if (got < 0) return errno != EAGAIN && errno != EINTR;
            std::string& words = child.end.last_words;
            words.append(text, static_cast<size_t>(got));
            if (words.size() > most_words) words.erase(0, words.size() - most_words);
        }
    }

    void bury(Child& child) {
        int status = 0;
        // A child that closed its standard error and goes on is no case of ours; its end is near.
        while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
        }
        ::close(child.words);
        if (WIFSIGNALED(status)) {
            child.end.code = WTERMSIG(status);
            if (!child.killed) child.end.kind = JobEnd::Kind::crashed;
        } else {
            child.end.kind = JobEnd::Kind::done;  // it was quicker than the signal
            child.end.code = WEXITSTATUS(status);
        }
        ended_(child.job, child.end);
    }

    void end_late_ones() {
        if (options_.timeout <= 0) return;
        for (Child& child : children_)
            if (age(child) >= options_.timeout) kill(child, JobEnd::Kind::timed_out);
    }
    static double age(const Child& child) { return Seconds(Clock::now() - child.started).count(); }

    const PoolOptions& options_;
    const std::function<int(size_t)>& body_;
    const std::function<void(size_t, const JobEnd&)>& ended_;
    SignalsHeld held_;
    std::vector<Child> children_;
};

}  // namespace

void run_jobs(size_t count, const PoolOptions& options, const std::function<int(size_t)>& body,
              const std::function<void(size_t, const JobEnd&)>& ended) {
    Pool{options, body, ended}.run(count);
}

}  // namespace sb::lab
