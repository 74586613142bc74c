// SPDX-License-Identifier: Apache-2.0
#include "tests/observe/wave.h"

#include <sstream>
#include <stdexcept>

#include "tests/app/process.h"

namespace sb::test {
namespace {

std::string convert(const std::string& vcd, const std::string& scratch) {
    const Ended to = run_process({SOUTHBRIDGE_VCD2FST, vcd, scratch});
    if (to.status != 0 || !to.err.empty()) throw std::runtime_error("vcd2fst: " + to.out + to.err);
    const Ended back = run_process({SOUTHBRIDGE_FST2VCD, scratch});
    if (back.status != 0) throw std::runtime_error("fst2vcd: " + back.err);
    return back.out;
}

/// fst2vcd writes texts with C's escapes.
std::string unescaped(const std::string& text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        const char c = text[++i];
        if (c >= '0' && c <= '7') {
            out += static_cast<char>(std::stoi(text.substr(i, 3), nullptr, 8));
            i += 2;
        } else {
            out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
        }
    }
    return out;
}

/// A vector that floats is "z", however wide it is.
std::string plain(const std::string& value) {
    return value.find_first_not_of('z') == std::string::npos ? "z" : value;
}

}  // namespace

Wave::Wave(const std::string& vcd, const std::string& scratch) {
    std::istringstream text{convert(vcd, scratch)};
    std::map<std::string, std::vector<std::string>> by_id;
    std::vector<std::string> scope;
    uint64_t now = 0;
    for (std::string word; text >> word;) {
        if (word == "$scope") {
            std::string type, name;
            text >> type >> name;
            scope.push_back(name);
        } else if (word == "$upscope") {
            scope.pop_back();
        } else if (word == "$var") {
            std::string type, width, id, name, path;
            text >> type >> width >> id >> name;
            for (const std::string& level : scope) path += level + ".";
            by_id[id].push_back(path + name);
            values_[path + name] = {};
        } else if (word == "$comment" || word == "$date" || word == "$version" ||
                   word == "$timescale") {
            while (text >> word && word != "$end") {
            }
        } else if (word[0] == '#') {
            const uint64_t time = std::stoull(word.substr(1));
            if (time < now) throw std::runtime_error("time goes back at " + word);
            now = time;
            first_ = std::min(first_, now);
            last_ = std::max(last_, now);
        } else if (word[0] != '$') {
            std::string id;
            const bool scalar = word[0] != 'b' && word[0] != 's' && word[0] != 'r';
            if (!scalar) text >> id;
            const std::string value = scalar           ? word.substr(0, 1)
                                      : word[0] == 's' ? unescaped(word.substr(1))
                                                       : plain(word.substr(1));
            for (const std::string& path : by_id[scalar ? word.substr(1) : id])
                values_[path].emplace_back(now, value);
        }
    }
}

const Wave::Changes& Wave::list(const std::string& signal) const {
    const auto found = values_.find("southbridge." + signal);
    if (found == values_.end()) throw std::runtime_error("no signal " + signal);
    return found->second;
}

std::string Wave::at(const std::string& signal, uint64_t ps) const {
    std::string value = "(none)";
    for (const auto& [time, text] : list(signal))
        if (time <= ps) value = text;
    return value;
}

uint64_t Wave::number(const std::string& signal, uint64_t ps) const {
    return std::stoull(at(signal, ps), nullptr, 2);
}

std::vector<std::string> Wave::names() const {
    std::vector<std::string> list;
    for (const auto& [name, changes] : values_) list.push_back(name);
    return list;
}

}  // namespace sb::test
