// SPDX-License-Identifier: Apache-2.0
#include "runtime/command_line.h"

#include "runtime/exit.h"
#include "runtime/print.h"

namespace guest {
namespace {

int digit_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return 16;
}

}  // namespace

bool parse_number(std::string_view text, uint64_t& number) {
    int base = 10;
    if (text.starts_with("0x")) {
        base = 16;
        text.remove_prefix(2);
    }
    // 16 hexadecimal or 19 decimal digits always fit into 64 bits.
    if (text.empty() || text.size() > (base == 16 ? 16u : 19u)) return false;
    number = 0;
    for (const char character : text) {
        const int digit = digit_value(character);
        if (digit >= base) return false;
        number = number * base + digit;
    }
    return true;
}

void CommandLine::parse(const char* text) {
    size_t length = 0;
    while (text[length] != '\0' && length < kCapacity) {
        text_[length] = text[length];
        ++length;
    }
    count_ = 0;
    std::string_view rest(text_, length);
    while (!rest.empty()) {
        const size_t end = rest.find(' ');
        add(rest.substr(0, end));
        rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    }
}

void CommandLine::add(std::string_view word) {
    const size_t equals = word.find('=');
    if (equals == word.npos || word.substr(0, equals).find('/') != word.npos) return;
    if (count_ == kMostOptions) return;
    std::string_view value = word;
    value.remove_prefix(equals + 1);
    options_[count_++] = {word.substr(0, equals), value};
}

void CommandLine::allow_only(std::initializer_list<std::string_view> keys) const {
    for (size_t i = 0; i < count_; ++i) {
        bool known = options_[i].key == "console";
        for (const std::string_view key : keys) known |= options_[i].key == key;
        if (known) continue;
        print("unknown option {}=; this guest takes:", options_[i].key);
        for (const std::string_view key : keys) print(" {}=", key);
        print(" console=\n");
        exit(exit_code::kBadOption);
    }
}

const CommandLine::Option* CommandLine::find(std::string_view key) const {
    for (size_t i = count_; i != 0; --i) {
        if (options_[i - 1].key == key) return &options_[i - 1];
    }
    return nullptr;
}

std::string_view CommandLine::text(std::string_view key, std::string_view fallback) const {
    const Option* option = find(key);
    return option != nullptr ? option->value : fallback;
}

uint64_t CommandLine::number64(std::string_view key, uint64_t fallback) const {
    const Option* option = find(key);
    if (option == nullptr) return fallback;
    uint64_t number = 0;
    if (!parse_number(option->value, number)) {
        print("{}={} is not a number\n", key, option->value);
        exit(exit_code::kBadOption);
    }
    return number;
}

uint32_t CommandLine::number(std::string_view key, uint32_t fallback, uint32_t lowest,
                             uint32_t highest) const {
    const uint64_t number = number64(key, fallback);
    if (number < lowest || number > highest) {
        print("{}={} is not from {} to {}\n", key, number, lowest, highest);
        exit(exit_code::kBadOption);
    }
    return static_cast<uint32_t>(number);
}

}  // namespace guest
