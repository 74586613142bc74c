// SPDX-License-Identifier: Apache-2.0
#include "runtime/print.h"

#include "runtime/arithmetic.h"
#include "runtime/console.h"

namespace guest {
namespace {

// What stands between the braces.
struct Field {
    bool zeros = false;
    bool hexadecimal = false;
    size_t width = 0;
};

Field parse_field(std::string_view text) {
    Field field;
    for (const char character : text) {
        if (character == 'x') {
            field.hexadecimal = true;
        } else if (character == '0' && field.width == 0) {
            field.zeros = true;
        } else if (character >= '0' && character <= '9') {
            field.width = field.width * 10 + (character - '0');
        }
    }
    return field;
}

void pad(char character, size_t length, size_t width) {
    for (; length < width; ++length) write_console({&character, 1});
}

void print_integer(const PrintArgument& argument, const Field& field) {
    char digits[20];  // The longest is 2^64 - 1 in decimal.
    size_t start = sizeof(digits);
    uint64_t rest = argument.magnitude();
    do {
        const Quotient step = divide(rest, field.hexadecimal ? 16 : 10);
        digits[--start] = "0123456789abcdef"[step.remainder];
        rest = step.quotient;
    } while (rest != 0);

    const std::string_view sign = argument.negative() ? "-" : "";
    const size_t length = sizeof(digits) - start + sign.size();
    if (!field.zeros) pad(' ', length, field.width);
    write_console(sign);
    if (field.zeros) pad('0', length, field.width);
    write_console({digits + start, sizeof(digits) - start});
}

void print_argument(const PrintArgument& argument, const Field& field) {
    if (argument.is_text()) {
        pad(' ', argument.text().size(), field.width);
        write_console(argument.text());
    } else {
        print_integer(argument, field);
    }
}

}  // namespace

void print_arguments(std::string_view format, const PrintArgument* arguments) {
    while (!format.empty()) {
        const size_t open = format.find('{');
        write_console(format.substr(0, open));
        if (open == format.npos) return;
        format.remove_prefix(open + 1);
        const size_t close = format.find('}');
        print_argument(*arguments++, parse_field(format.substr(0, close)));
        if (close == format.npos) return;
        format.remove_prefix(close + 1);
    }
}

}  // namespace guest
