// SPDX-License-Identifier: Apache-2.0
//
// The host's files that a server gives out: one file under its own name, or those of a folder.
// Nothing outside of the folder is reached, whatever the name says and wherever links in it lead;
// only plain files are read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sb::devices {

class ServedFiles {
  public:
    /// Either may be empty. Throws `Error` where one is there and can not be served.
    ServedFiles(const std::string& owner, const std::string& file, const std::string& folder);

    enum class Found { yes, missing, forbidden };
    /// Looks a name up as a client writes it; a leading slash is of no account.
    Found find(const std::string& name, std::filesystem::path& path) const;
    /// None where it is no plain file that can be read.
    static std::optional<uint64_t> size(const std::filesystem::path& path);
    /// Up to `bytes` from `offset` on; fewer at the end, and where reading fails.
    static std::vector<uint8_t> read(const std::filesystem::path& path, uint64_t offset,
                                     size_t bytes);
    /// The name of the one file; empty where there is none.
    std::string file_name() const { return file_.filename().string(); }

  private:
    std::filesystem::path file_;
    std::filesystem::path folder_;
};

}  // namespace sb::devices
