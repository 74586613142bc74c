// SPDX-License-Identifier: Apache-2.0
//
// Folds a sequence of steps for reading: equal neighbours become one step with a count, and a
// pattern of steps that follows itself becomes one group of its steps with a count of rounds.
// Inner patterns are folded before outer ones (shorter before longer, again after each success), so
// "poll poll poll read, poll poll read" becomes two rounds of "poll several times, read".
//
// Steps are equal where their keys are: how often each was repeated is not part of the key. Nothing
// is lost: what steps measure is added up by `Step::merge`.
//
// A step has
//     uint64_t key;               what it is
//     uint64_t times;             how often it occurred; of a group, its rounds
//     std::vector<Step> parts;    of a group; else empty
//     void merge(Step&& later);   adds a later occurrence, times included; parts are not its
//     concern
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace sb::observe {

/// The longest pattern, in steps, that is looked for.
inline constexpr size_t longest_pattern = 16;

/// A key made of two (FNV-1a over the words).
constexpr uint64_t joined_key(uint64_t key, uint64_t more) {
    constexpr uint64_t prime = 0x100000001b3;
    for (unsigned i = 0; i < 64; i += 8) key = (key ^ (more >> i & 0xff)) * prime;
    return key;
}

namespace fold_details {

template <typename Step>
void absorb(Step& into, Step&& later) {
    for (size_t i = 0; i < into.parts.size() && i < later.parts.size(); ++i)
        absorb(into.parts[i], std::move(later.parts[i]));
    into.merge(std::move(later));
}

template <typename Step>
bool repeats(const std::vector<Step>& list, size_t at, size_t other, size_t length) {
    if (other + length > list.size()) return false;
    for (size_t i = 0; i < length; ++i)
        if (list[at + i].key != list[other + i].key) return false;
    return true;
}

template <typename Step>
Step group_of(std::vector<Step>& list, size_t at, size_t length) {
    Step group;
    group.times = 1;
    group.key = length;
    for (size_t i = 0; i < length; ++i) {
        group.key = joined_key(group.key, list[at + i].key);
        group.parts.push_back(std::move(list[at + i]));
    }
    return group;
}

/// Folds all patterns of one length; true where there was any.
template <typename Step>
bool fold_length(std::vector<Step>& list, size_t length) {
    std::vector<Step> folded;
    bool any = false;
    for (size_t at = 0; at < list.size();) {
        if (!repeats(list, at, at + length, length)) {
            folded.push_back(std::move(list[at++]));
            continue;
        }
        any = true;
        // The keys that later windows are compared with are those of the window before them.
        size_t rounds = 2;
        while (repeats(list, at + (rounds - 1) * length, at + rounds * length, length)) ++rounds;
        const auto window = [&](size_t round) {
            return length == 1 ? std::move(list[at + round])
                               : group_of(list, at + round * length, length);
        };
        Step group = window(0);
        for (size_t round = 1; round < rounds; ++round) absorb(group, window(round));
        folded.push_back(std::move(group));
        at += rounds * length;
    }
    list = std::move(folded);
    return any;
}

}  // namespace fold_details

template <typename Step>
void fold(std::vector<Step>& list, size_t longest = longest_pattern) {
    fold_details::fold_length(list, 1);
    for (size_t length = 2; length <= std::min(longest, list.size() / 2);) {
        if (fold_details::fold_length(list, length)) {
            fold_details::fold_length(list, 1);
            length = 2;
        } else {
            ++length;
        }
    }
}

}  // namespace sb::observe
