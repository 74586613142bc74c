// SPDX-License-Identifier: Apache-2.0
#include "devices/network_services/served_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "sim/kernel/error.h"

namespace sb::devices {
namespace {

namespace fs = std::filesystem;

/// A plain file, opened without waiting for anybody (as a named pipe would have it).
class OpenFile {
  public:
    explicit OpenFile(const fs::path& path)
        : file_{open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)} {
        plain_ = file_ >= 0 && fstat(file_, &status_) == 0 && S_ISREG(status_.st_mode);
    }
    ~OpenFile() {
        if (file_ >= 0) close(file_);
    }
    OpenFile(const OpenFile&) = delete;
    bool plain() const { return plain_; }
    uint64_t size() const { return static_cast<uint64_t>(status_.st_size); }
    int handle() const { return file_; }

  private:
    int file_;
    struct stat status_ {};
    bool plain_ = false;
};

}  // namespace

ServedFiles::ServedFiles(const std::string& owner, const std::string& file,
                         const std::string& folder) {
    std::error_code error;
    if (!file.empty()) {
        file_ = fs::canonical(file, error);
        if (error || !size(file_))
            throw Error(fmt::format("{}.file: {} is no file that can be read", owner, file));
    }
    if (!folder.empty()) {
        folder_ = fs::canonical(folder, error);
        if (error || !fs::is_directory(folder_, error))
            throw Error(fmt::format("{}.folder: {} is no folder", owner, folder));
    }
}

ServedFiles::Found ServedFiles::find(const std::string& name, fs::path& path) const {
    const std::string plain = name.substr(std::min(name.find_first_not_of('/'), name.size()));
    if (plain.empty()) return Found::missing;
    if (!file_.empty() && plain == file_name()) {
        path = file_;
        return Found::yes;
    }
    if (folder_.empty()) return Found::missing;
    const fs::path relative{plain};
    if (std::find(relative.begin(), relative.end(), "..") != relative.end())
        return Found::forbidden;
    std::error_code error;
    path = fs::canonical(folder_ / relative, error);
    if (error) return Found::missing;
    const auto [in_folder, in_path] =
        std::mismatch(folder_.begin(), folder_.end(), path.begin(), path.end());
    if (in_folder != folder_.end()) return Found::forbidden;
    return size(path) ? Found::yes : Found::missing;
}

std::optional<uint64_t> ServedFiles::size(const fs::path& path) {
    const OpenFile file{path};
    if (!file.plain()) return {};
    return file.size();
}

std::vector<uint8_t> ServedFiles::read(const fs::path& path, uint64_t offset, size_t bytes) {
    std::vector<uint8_t> data(bytes);
    const OpenFile file{path};
    size_t got = 0;
    while (file.plain() && got < bytes) {
        const ssize_t n =
            pread(file.handle(), &data[got], bytes - got, static_cast<off_t>(offset + got));
        if (n <= 0) break;
        got += static_cast<size_t>(n);
    }
    data.resize(got);
    return data;
}

}  // namespace sb::devices
