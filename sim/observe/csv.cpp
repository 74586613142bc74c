// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/csv.h"

namespace sb::observe {
namespace {

constexpr std::string_view needs_quotes = ",\"\r\n";
// Time, separators, and the numbers of six fields with their names; texts come on top.
constexpr size_t longest_line = 512;

std::string quoted(const std::string& text) {
    if (text.find_first_of(needs_quotes) == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string{"\"\""} : std::string{c};
    return out + '"';
}

struct Layout {
    std::array<std::string_view, most_values> prefix;  // " name="
    std::array<Show, most_values> show;
    size_t fields = 0;
    size_t names = 0;
    std::string_view kind;
};

/// The table of kinds, with each field's text as it stands in a line.
const std::array<Layout, static_cast<size_t>(Kind::count_)>& layouts() {
    static std::array<std::string, kinds.size() * most_values> texts;
    static const auto table = [] {
        std::array<Layout, static_cast<size_t>(Kind::count_)> made{};
        for (size_t k = 0; k < kinds.size(); ++k) {
            Layout& layout = made[k];
            layout.kind = kinds[k].name;
            for (const Field& field : kinds[k].fields) {
                if (field.show == Show::none) break;
                std::string& text = texts[k * most_values + layout.fields];
                text = fmt::format("{}{}=", layout.fields ? " " : "", field.name);
                layout.prefix[layout.fields] = text;
                layout.show[layout.fields] = field.show;
                layout.names += field.show == Show::name;
                ++layout.fields;
            }
        }
        return made;
    }();
    return table;
}

}  // namespace

CsvWriter::CsvWriter(const std::string& path) : file_{path} {
    file_.text("time_ps,source,event,detail\n");
}

void CsvWriter::event(const Stream& stream, const Event& event) {
    static const auto& table = layouts();
    const Layout& layout = table[static_cast<size_t>(event.kind)];
    const std::string& source = stream.source_name(event.source);
    size_t extra = source.size();
    if (layout.names > 0)
        for (size_t i = 0; i < layout.fields; ++i) {
            if (layout.show[i] != Show::name) continue;
            const std::string& name = stream.name(event.values[i]);
            if (name.find_first_of(needs_quotes) != std::string::npos) {
                odd_event(stream, event);
                return;
            }
            extra += name.size();
        }
    char* at = file_.room(longest_line + extra);
    at = put_decimal(at, event.at.ps());
    at = put(at, ',');
    at = put(at, source);
    at = put(at, ',');
    at = put(at, layout.kind);
    at = put(at, ',');
    for (size_t i = 0; i < layout.fields; ++i) {
        const uint64_t value = event.values[i];
        at = put(at, layout.prefix[i]);
        switch (layout.show[i]) {
            case Show::decimal:
                at = put_decimal(at, value);
                break;
            case Show::hex:
                at = put_hex(at, value);
                break;
            case Show::boolean:
                at = put(at, value ? '1' : '0');
                break;
            case Show::time:
                at = put_decimal(at, value);
                at = put(at, "ps");
                break;
            case Show::name:
                at = put(at, stream.name(value));
                break;
            case Show::command:
                at = put(at, command_name(value));
                break;
            case Show::stage:
                at = put(at, stage_name(value));
                break;
            case Show::none:
                break;
        }
    }
    at = put(at, '\n');
    file_.filled(at);
}

/// A guest can give a phase any name.
void CsvWriter::odd_event(const Stream& stream, const Event& event) {
    file_.text(fmt::format("{},{},{},{}\n", event.at.ps(), quoted(stream.source_name(event.source)),
                           info(event.kind).name, quoted(stream.describe(event))));
}

}  // namespace sb::observe
