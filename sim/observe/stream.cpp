// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/stream.h"

#include <fmt/format.h>

#include <iterator>

#include "sim/observe/merge.h"

namespace sb::observe {

/// Name 0 is empty: what an event leaves out.
Stream::Stream() : names_{""} {}
Stream::~Stream() = default;

void Stream::attach(Sink& sink, KindSet wanted, Source first, Source last) {
    consumers_.push_back({&sink, wanted, first, last});
    wanted_ |= wanted;
}

/// Where the events of several machines are merged, sinks of one machine's sources have had theirs
/// already: see hold().
void Stream::hand_on(const Event& event) {
    for (const Consumer& consumer : consumers_) {
        if (!consumer.wanted[static_cast<size_t>(event.kind)]) continue;
        if (consumer.last == any_source ||
            (!merge_ && event.source >= consumer.first && event.source < consumer.last))
            consumer.sink->event(*this, event);
    }
}

void Stream::merge(const Simulation& sim) { merge_ = std::make_unique<Merge>(*this, sim); }

/// A sink of one machine's sources need not wait for the others, and must not: it may look at what
/// the machine's processor has counted up to the event (journey.h, flame.h). The sequence of one
/// machine's events is the same in both modes.
void Stream::hold(const Event& event) {
    for (const Consumer& consumer : consumers_)
        if (consumer.last != any_source && consumer.wanted[static_cast<size_t>(event.kind)] &&
            event.source >= consumer.first && event.source < consumer.last)
            consumer.sink->event(*this, event);
    merge_->event(event);
}

void Stream::flush() {
    if (merge_) merge_->flush();
}

Source Stream::add_source(const std::string& name) {
    sources_.push_back(prefix_ + name);
    return static_cast<Source>(sources_.size() - 1);
}

Name Stream::intern(const std::string& name) {
    if (name.empty()) return 0;  // most packets' places: no look-up for them
    auto [entry, fresh] = index_.try_emplace(name, static_cast<Name>(names_.size()));
    if (fresh) names_.push_back(name);
    return entry->second;
}

const std::string& Stream::name(uint64_t index) const {
    static const std::string unknown = "?";
    return index < names_.size() ? names_[index] : unknown;
}

std::string Stream::describe(const Event& event) const {
    std::string text;
    auto out = std::back_inserter(text);
    for (size_t i = 0; i < event.values.size(); ++i) {
        const Field& field = info(event.kind).fields[i];
        if (field.show == Show::none) break;
        const uint64_t value = event.values[i];
        fmt::format_to(out, "{}{}=", i ? " " : "", field.name);
        switch (field.show) {
            case Show::decimal:
                fmt::format_to(out, "{}", value);
                break;
            case Show::hex:
                fmt::format_to(out, "{:#x}", value);
                break;
            case Show::boolean:
                fmt::format_to(out, "{}", value ? 1 : 0);
                break;
            case Show::time:
                fmt::format_to(out, "{}ps", value);
                break;
            case Show::name:
                fmt::format_to(out, "{}", name(value));
                break;
            case Show::command:
                fmt::format_to(out, "{}", command_name(value));
                break;
            case Show::stage:
                fmt::format_to(out, "{}", stage_name(value));
                break;
            case Show::none:
                break;
        }
    }
    return text;
}

}  // namespace sb::observe
