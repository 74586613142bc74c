// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "sim/kernel/error.h"
#include "sim/kernel/nearest.h"

namespace sb::observe {
namespace {

std::optional<size_t> kind_named(const std::string& name) {
    for (const KindInfo& kind : kinds)
        if (name == kind.name) return static_cast<size_t>(kind.kind);
    return std::nullopt;
}

/// "ide" is "ide" and "ide.dma".
bool belongs(const std::string& source, const std::string& name) {
    return source == name || (source.starts_with(name) && source[name.size()] == '.');
}

std::vector<std::string> kind_names() {
    std::vector<std::string> names;
    for (const KindInfo& kind : kinds) names.push_back(kind.name);
    return names;
}

std::vector<std::string> source_names(const Stream& stream) {
    std::vector<std::string> names;
    for (size_t s = 0; s < stream.sources(); ++s)
        names.push_back(stream.source_name(static_cast<Source>(s)));
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

[[noreturn]] void refuse(const Stream& stream, const std::string& word, const std::string& part,
                         const char* what, std::vector<std::string> candidates) {
    const std::string near = nearest(part, candidates);
    throw Error(fmt::format("--only {}: \"{}\" is not {}{}\nkinds: {}\nsources: {}", word, part,
                            what, near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near),
                            fmt::join(kind_names(), " "), fmt::join(source_names(stream), " ")));
}

}  // namespace

Selection::Selection(const Stream& stream, const std::string& words, Time from, Time to)
    : from_{from}, to_{to} {
    if (from >= to)
        throw Error(
            fmt::format("--to {}: it is not after --from {}", to_string(to), to_string(from)));
    by_source_.resize(stream.sources());
    if (words.empty()) {
        all_.set();
        for (KindSet& set : by_source_) set.set();
        return;
    }
    for (size_t at = 0; at <= words.size();) {
        const size_t comma = std::min(words.find(',', at), words.size());
        add(stream, words.substr(at, comma - at));
        at = comma + 1;
    }
    for (KindSet& set : by_source_) set |= all_;
}

void Selection::add(const Stream& stream, const std::string& word) {
    const size_t colon = word.find(':');
    const std::string name = word.substr(0, colon);
    const auto plain_kind = colon == std::string::npos ? kind_named(name) : std::nullopt;
    if (plain_kind) all_.set(*plain_kind);
    KindSet wanted;
    if (colon == std::string::npos) {
        wanted.set();
        // Instructions are many: who wants them says so.
        wanted.reset(static_cast<size_t>(Kind::instruction));
    } else {
        const std::string kind = word.substr(colon + 1);
        const auto number = kind_named(kind);
        if (!number) refuse(stream, word, kind, "a kind of event", kind_names());
        wanted.set(*number);
    }
    bool known = plain_kind.has_value();
    for (size_t s = 0; s < by_source_.size(); ++s) {
        if (!belongs(stream.source_name(static_cast<Source>(s)), name)) continue;
        by_source_[s] |= wanted;
        known = true;
    }
    if (known) return;
    std::vector<std::string> candidates = source_names(stream);
    if (colon != std::string::npos)
        refuse(stream, word, name, "a source of events", std::move(candidates));
    for (std::string& kind : kind_names()) candidates.push_back(std::move(kind));
    refuse(stream, word, name, "a kind or a source of events", std::move(candidates));
}

KindSet Selection::kinds() const {
    KindSet set = all_;
    for (const KindSet& source : by_source_) set |= source;
    return set;
}

}  // namespace sb::observe
