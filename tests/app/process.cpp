// SPDX-License-Identifier: Apache-2.0
#include "tests/app/process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace sb::test {
namespace {

std::string content(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>(in), {}};
}

void redirect(const std::string& path, int to) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || ::dup2(file, to) < 0) ::_exit(126);
    ::close(file);
}

}  // namespace

Ended run_process(const Arguments& arguments, const std::function<void(int)>& meanwhile) {
    const TempFolder folder;
    std::vector<char*> raw;
    for (const std::string& argument : arguments)
        raw.push_back(const_cast<char*>(argument.c_str()));
    raw.push_back(nullptr);
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("no process");
    if (child == 0) {
        redirect(folder.path("out"), STDOUT_FILENO);
        redirect(folder.path("err"), STDERR_FILENO);
        ::execv(raw[0], raw.data());
        ::_exit(127);
    }
    if (meanwhile) meanwhile(child);
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), folder.read("out"),
            folder.read("err")};
}

Ended southbridge(const Arguments& arguments, const std::function<void(int)>& meanwhile) {
    Arguments all{SOUTHBRIDGE_BINARY_DIR "/bin/southbridge"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_process(all, meanwhile);
}

TempFolder::TempFolder() : path_{SOUTHBRIDGE_BINARY_DIR "/test_folder_XXXXXX"} {
    if (!::mkdtemp(path_.data())) throw std::runtime_error("no temporary folder");
}

TempFolder::~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::path(const std::string& name) const {
    return name.empty() ? path_ : path_ + "/" + name;
}

std::string TempFolder::read(const std::string& name) const { return content(path(name)); }

void TempFolder::write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
}

}  // namespace sb::test
