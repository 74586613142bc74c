// SPDX-License-Identifier: Apache-2.0
//
// Folding: sequences of letters, and how they are to be read. "a3" is three times a, "(ab)2" two
// rounds of a and b; within rounds the counts are those of all rounds.
#include "sim/observe/fold.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>

using namespace sb::observe;

namespace {

struct Letter {
    uint64_t key = 0;
    uint64_t times = 1;
    std::vector<Letter> parts;
    void merge(Letter&& later) { times += later.times; }
};

std::vector<Letter> letters(const std::string& text) {
    std::vector<Letter> list;
    for (const char c : text) list.push_back({static_cast<uint64_t>(c), 1, {}});
    return list;
}

std::string written(const std::vector<Letter>& list) {
    std::string text;
    for (const Letter& l : list) {
        text += l.parts.empty() ? std::string(1, static_cast<char>(l.key))
                                : "(" + written(l.parts) + ")";
        if (l.times > 1) text += std::to_string(l.times);
    }
    return text;
}

std::string folded(const std::string& text, size_t longest = longest_pattern) {
    auto list = letters(text);
    fold(list, longest);
    return written(list);
}

void count(const std::vector<Letter>& list, std::map<char, uint64_t>& counts) {
    for (const Letter& l : list)
        if (l.parts.empty())
            counts[static_cast<char>(l.key)] += l.times;
        else
            count(l.parts, counts);
}

}  // namespace

TEST_CASE("sequences fold to what a person would write") {
    struct Row {
        const char* sequence;
        const char* folded;
    };
    const Row rows[] = {
        {"", ""},
        {"a", "a"},
        {"ab", "ab"},
        {"aaaa", "a4"},
        {"aab", "a2b"},
        {"abba", "ab2a"},
        {"abab", "(a2b2)2"},
        {"abcab", "abcab"},
        {"xababy", "x(a2b2)2y"},
        {"abababa", "(a3b3)3a"},
        {"aabab", "(a3b2)2"},     // a status that is read once more the first time
        {"pprpprpr", "(p5r3)3"},  // a polled transfer: how often it polls differs
        {"abcabcabc", "(a3b3c3)3"},
        {"spdsppddsd", "(s2p3d3)2sd"},       // the last round has no p
        {"xababyababyz", "x((a4b4)4y2)2z"},  // rounds within rounds
        {"abcdefghijklmnopabcdefghijklmnop",
         "(a2b2c2d2e2f2g2h2i2j2k2l2m2n2o2p2)2"},  // the longest pattern: 16
        {"abcdefghijklmnopqabcdefghijklmnopq", "abcdefghijklmnopqabcdefghijklmnopq"},
    };
    for (const Row& row : rows) {
        INFO(row.sequence);
        CHECK(folded(row.sequence) == row.folded);
    }
}

TEST_CASE("folding loses nothing and what is folded folds no further") {
    std::mt19937 random{7};
    for (int run = 0; run < 2000; ++run) {
        std::string text(random() % 60, ' ');
        for (char& c : text) c = static_cast<char>('a' + random() % 3);
        auto list = letters(text);
        std::map<char, uint64_t> before, after;
        count(list, before);
        fold(list);
        count(list, after);
        INFO(text);
        CHECK(before == after);
        const std::string once = written(list);
        fold(list);
        CHECK(written(list) == once);
    }
}
