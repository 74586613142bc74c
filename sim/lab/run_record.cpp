// SPDX-License-Identifier: Apache-2.0
#include "sim/lab/run_record.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "sim/kernel/error.h"

namespace sb::lab {
namespace {

using Json = nlohmann::ordered_json;
constexpr int format = 1;
constexpr const char* unfinished = ".tmp";

}  // namespace

void write_whole(const std::string& path, const std::string& text) {
    const std::string part = fmt::format("{}.{}{}", path, ::getpid(), unfinished);
    std::FILE* file = std::fopen(part.c_str(), "wb");
    if (!file) throw Error(fmt::format("{}: can not be written", path));
    const bool good = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if ((std::fclose(file) != 0) | !good || std::rename(part.c_str(), path.c_str()) != 0) {
        std::remove(part.c_str());
        throw Error(fmt::format("{}: writing failed; is the disk full?", path));
    }
}

RecordFolder::RecordFolder(std::string path) : path_{std::move(path)} {
    std::error_code bad;
    std::filesystem::create_directories(path_, bad);
    if (bad) throw Error(fmt::format("{}: the folder can not be made: {}", path_, bad.message()));
}

std::string RecordFolder::file(const std::string& key) const {
    return fmt::format("{}/{}.json", path_, key);
}

std::optional<RunRecord> RecordFolder::load(const std::string& key) const {
    std::ifstream in{file(key), std::ios::binary};
    if (!in) return {};
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    try {
        const Json json = Json::parse(text);
        if (json.at("format") != format || json.at("key") != key) return {};
        return RunRecord{key, json.at("status"), json.at("reason"),
                         json.at("sets").get<std::vector<std::string>>(),
                         json.at("results").dump()};
    } catch (const Json::exception&) {
        return {};  // cut, or written by somebody else: the run is made again
    }
}

void RecordFolder::save(const RunRecord& record) const {
    Json json{{"format", format},
              {"key", record.key},
              {"status", record.status},
              {"reason", record.reason},
              {"sets", record.sets}};
    std::string text = json.dump(1, ' ', false, Json::error_handler_t::replace);
    // The results come last, and as they are: they are the bulk of it.
    text.resize(text.rfind('\n'));
    text += ",\n \"results\": " + record.results + "\n}\n";
    write_whole(file(record.key), text);
}

void RecordFolder::clean() const {
    std::error_code ignored;
    std::vector<std::filesystem::path> left;
    for (const auto& entry : std::filesystem::directory_iterator(path_, ignored))
        if (entry.path().extension() == unfinished) left.push_back(entry.path());
    for (const auto& path : left) std::filesystem::remove(path, ignored);
}

size_t RecordFolder::count() const {
    size_t count = 0;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(path_, ignored))
        count += entry.path().extension() == ".json";
    return count;
}

}  // namespace sb::lab
