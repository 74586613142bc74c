// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/vcd_file.h"

#include <algorithm>
#include <array>

namespace sb::observe {
namespace {

constexpr const char* root = "southbridge";
constexpr size_t longest_name = 200;
constexpr size_t fixed_header = 2048;  // what the declarations have around them

/// A byte's eight digits.
constexpr auto binary = [] {
    std::array<std::array<char, 8>, 256> table{};
    for (size_t byte = 0; byte < table.size(); ++byte)
        for (size_t bit = 0; bit < 8; ++bit) table[byte][bit] = byte >> (7 - bit) & 1 ? '1' : '0';
    return table;
}();

/// A reference may hold any printable character, but viewers read brackets as bit ranges and dots
/// as levels.
std::string reference(const std::string& name) {
    std::string out = name.substr(0, longest_name);
    for (char& c : out) {
        const bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
        if (!good) c = '_';
    }
    if (out.empty() || (out[0] >= '0' && out[0] <= '9')) out.insert(out.begin(), '_');
    return out;
}

std::string scope_path(const std::string& scope) {
    std::string out;
    for (size_t at = 0; at <= scope.size();) {
        const size_t dot = std::min(scope.find('.', at), scope.size());
        if (dot > at) {
            if (!out.empty()) out += '.';
            out += reference(scope.substr(at, dot - at));
        }
        at = dot + 1;
    }
    return out;
}

/// As one word: a value ends at white space. GTKWave reads the escapes back.
std::string one_word(const std::string& text) {
    if (text.empty()) return "\\x20";
    std::string out;
    for (const char c : text.substr(0, longest_name)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte > 0x20 && byte < 0x7f && c != '\\')
            out += c;
        else
            out += fmt::format("\\x{:02x}", byte);
    }
    return out;
}

std::vector<std::string> levels(const std::string& scope) {
    std::vector<std::string> list;
    for (size_t at = 0; at < scope.size();) {
        const size_t dot = std::min(scope.find('.', at), scope.size());
        list.push_back(scope.substr(at, dot - at));
        at = dot + 1;
    }
    return list;
}

}  // namespace

VcdFile::VcdFile(const std::string& path, Time from, Time to, size_t header_bytes)
    : file_{path},
      from_{from},
      to_{to},
      header_bytes_{std::max(header_bytes, 2 * fixed_header)},
      header_used_{fixed_header} {
    file_.text(std::string(header_bytes_, '\n'));
    text(" ");
}

VcdFile::Signal VcdFile::add(const std::string& scope, const std::string& name, unsigned width,
                             Value initial) {
    Declared made;
    made.scope = scope_path(scope);
    const std::string plain = reference(name);
    made.name = plain;
    for (unsigned n = 2; by_path_.contains(made.scope + "." + made.name); ++n)
        made.name = fmt::format("{}_{}", plain, n);
    made.width = width;
    made.value = made.written = made.initial = initial;
    size_t number = signals_.size();
    do {
        made.id[made.id_length++] = static_cast<char>('!' + number % 94);
        number /= 94;
    } while (number > 0);
    // Its declaration, its scopes opened and closed, and its initial value.
    const size_t text = width == text_width ? texts_[initial.bits].size() : width;
    const size_t cost =
        made.name.size() + 2 * made.scope.size() + 40 * (levels(made.scope).size() + 2) + text;
    if (header_used_ + cost > header_bytes_) {
        ++refused_;
        return none;
    }
    header_used_ += cost;
    const auto signal = static_cast<Signal>(signals_.size());
    by_path_[made.scope + "." + made.name] = signal;
    signals_.push_back(std::move(made));
    return signal;
}

VcdFile::Text VcdFile::text(const std::string& text) {
    auto [entry, fresh] = text_index_.try_emplace(text, static_cast<Text>(texts_.size()));
    if (fresh) texts_.push_back(one_word(text));
    return entry->second;
}

std::string VcdFile::path_of(const Declared& signal) const {
    return fmt::format("{}.{}{}{}", root, signal.scope, signal.scope.empty() ? "" : ".",
                       signal.name);
}

/// At most 64 characters, or the text's, and six more.
char* VcdFile::put_value(char* at, const Declared& signal, Value value) const {
    if (signal.width == 1) {
        *at++ = value.floating ? 'z' : static_cast<char>('0' + (value.bits & 1));
    } else if (signal.width == text_width) {
        *at++ = 's';
        at = put(at, texts_[value.bits]);
        *at++ = ' ';
    } else if (value.floating) {
        at = put(at, "bz ");
    } else {
        *at++ = 'b';
        // Leading zeros are left out, but for those of the first byte.
        int shift = value.bits ? (63 - __builtin_clzll(value.bits)) / 8 * 8 : 0;
        for (; shift >= 0; shift -= 8) {
            const auto& digits = binary[value.bits >> shift & 0xff];
            const unsigned above = static_cast<unsigned>(shift) + 8;
            const size_t skip = above > signal.width ? above - signal.width : 0;
            at = put(at, std::string_view{digits.data(), 8}.substr(std::min<size_t>(skip, 7)));
        }
        *at++ = ' ';
    }
    at = put(at, std::string_view{signal.id, signal.id_length});
    *at++ = '\n';
    return at;
}

void VcdFile::open_window() {
    for (Declared& signal : signals_) signal.initial = signal.written;
    open_ = true;
}

void VcdFile::write_changes() {
    const bool before = now_ < from_;
    if (!before && !open_) open_window();
    const bool after = now_ >= to_;
    bool stamped = false;
    for (const Signal s : dirty_) {
        Declared& signal = signals_[s];
        signal.dirty = false;
        if (after || signal.value == signal.written) continue;
        signal.written = signal.value;
        if (before) continue;
        signal.active = true;
        const size_t text = signal.width == text_width ? texts_[signal.value.bits].size() : 64;
        char* at = file_.room(text + 64);
        if (!stamped) {
            stamped = true;
            at = put(at, '#');
            at = put_decimal(at, now_.ps());
            at = put(at, '\n');
        }
        file_.filled(put_value(at, signal, signal.value));
    }
    dirty_.clear();
}

std::string VcdFile::header() const {
    std::string out = "$version southbridge $end\n$timescale 1 ps $end\n";
    std::vector<std::string> at{};
    const auto go_to = [&](const std::vector<std::string>& to) {
        size_t same = 0;
        while (same < at.size() && same < to.size() && at[same] == to[same]) ++same;
        for (size_t i = at.size(); i > same; --i) out += "$upscope $end\n";
        for (size_t i = same; i < to.size(); ++i)
            out += fmt::format("$scope module {} $end\n", to[i]);
        at = to;
    };
    std::vector<const Declared*> sorted;
    for (const Declared& signal : signals_) sorted.push_back(&signal);
    std::stable_sort(sorted.begin(), sorted.end(), [](const Declared* a, const Declared* b) {
        return levels(a->scope) < levels(b->scope);
    });
    for (const Declared* signal : sorted) {
        go_to(levels(std::string{root} + "." + signal->scope));
        const char* type = signal->width == text_width ? "string" : "wire";
        const std::string range =
            signal->width > 1 ? fmt::format(" [{}:0]", signal->width - 1) : std::string{};
        out += fmt::format("$var {} {} {} {}{} $end\n", type, std::max(signal->width, 1u),
                           std::string_view{signal->id, signal->id_length}, signal->name, range);
    }
    go_to({});
    out += fmt::format("$enddefinitions $end\n#{}\n$dumpvars\n", from_.ps());
    std::vector<char> line;
    for (const Declared& signal : signals_) {
        line.resize(80 + (signal.width == text_width ? texts_[signal.initial.bits].size() : 0));
        out.append(line.data(), put_value(line.data(), signal, signal.initial));
    }
    return out + "$end\n";
}

void VcdFile::close(Time end) {
    write_changes();
    end = std::clamp(std::max(end, now_), from_, to_);
    if (!open_) open_window();
    file_.text(fmt::format("#{}\n", end.ps()));
    file_.overwrite(0, header());
    file_.close();
}

}  // namespace sb::observe
