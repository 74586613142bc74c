// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/packet_table.h"

namespace sb::observe {
namespace {

constexpr size_t numbers = 4 + stage_count;  // of 20 digits at most, with a comma each
constexpr size_t longest_row = 21 * numbers + 32;

/// A guest can give a place any name.
std::string quoted(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string{"\"\""} : std::string{c};
    return out + '"';
}

}  // namespace

std::string PacketTable::header() {
    std::string text = "packet,leg,origin,controller,bytes,end,dropped_by,place";
    for (const char* stage : stage_names) text += fmt::format(",{}_ps", stage);
    return text + "\n";
}

PacketTable::PacketTable(const std::string& path) : file_{path} { file_.text(header()); }

void PacketTable::leg(const PacketJourneys& journeys, const PacketLeg& leg) {
    const std::string origin = quoted(journeys.party(leg.origin));
    const std::string way = quoted(journeys.party(leg.way));
    std::string where, place;
    if (leg.end == PacketEnd::dropped && !journeys.places().empty()) {
        const PacketPlace& found =
            journeys.places()[std::min<size_t>(leg.place, journeys.places().size() - 1)];
        where = quoted(found.where);
        place = quoted(found.name);
    }
    char* at = file_.room(longest_row + origin.size() + way.size() + where.size() + place.size());
    at = put_decimal(at, leg.packet);
    at = put(at, ',');
    at = put_decimal(at, leg.leg);
    at = put(at, ',');
    at = put(at, origin);
    at = put(at, ',');
    at = put(at, way);
    at = put(at, ',');
    if (leg.bytes > 0) at = put_decimal(at, leg.bytes);
    at = put(at, ',');
    at = put(at, std::string_view{packet_ends[static_cast<size_t>(leg.end)]});
    at = put(at, ',');
    at = put(at, where);
    at = put(at, ',');
    at = put(at, place);
    for (size_t stage = 0; stage < stage_count; ++stage) {
        at = put(at, ',');
        if (leg.has(stage)) at = put_decimal(at, leg.at[stage].ps());
    }
    at = put(at, '\n');
    file_.filled(at);
}

}  // namespace sb::observe
