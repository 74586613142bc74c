// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/packet_journeys.h"

#include <algorithm>
#include <utility>

namespace sb::observe {
namespace {

constexpr uint16_t no_party = 0;
constexpr size_t most_parties = 1u << 15;

/// How well an event knows at which controller a packet came in.
enum : uint8_t { by_nobody, by_end, by_arrival, by_controller };

}  // namespace

PacketJourneys::PacketJourneys(size_t most_in_flight) : most_{std::max<size_t>(most_in_flight, 1)} {
    ended_.fill(none);
    party_named({});
}

// ---- Names

uint16_t PacketJourneys::party_named(const std::string& name) {
    auto [entry, fresh] = party_index_.try_emplace(name, static_cast<uint16_t>(parties_.size()));
    if (!fresh) return entry->second;
    if (parties_.size() == most_parties) return entry->second = no_party;
    parties_.emplace_back();
    parties_.back().origin.name = parties_.back().way.name = name;
    return entry->second;
}

uint16_t PacketJourneys::party_of_source(const Stream& stream, Source source) {
    if (source >= by_source_.size()) by_source_.resize(source + size_t{1});
    if (by_source_[source] == no_party)
        by_source_[source] = party_named(stream.source_name(source));
    return by_source_[source];
}

uint16_t PacketJourneys::party_of_name(const Stream& stream, uint64_t name) {
    constexpr uint64_t most_cached = 1u << 16;
    if (name >= most_cached) return party_named(stream.name(name));
    if (name >= by_name_.size()) by_name_.resize(name + 1);
    if (by_name_[name] == no_party) by_name_[name] = party_named(stream.name(name));
    return by_name_[name];
}

uint16_t PacketJourneys::place_of(uint16_t where, const std::string& name) {
    auto found = place_index_.find({where, name});
    if (found != place_index_.end()) return found->second;
    if (places_.size() >= most_places) return static_cast<uint16_t>(most_places);
    if (places_.size() + 1 == most_places)
        places_.push_back({"", "other places", 0});
    else
        places_.push_back({party(where), name.empty() ? "(no name)" : name, 0});
    const auto index = static_cast<uint16_t>(places_.size() - 1);
    if (places_.size() < most_places) place_index_.try_emplace({where, name}, index);
    return index;
}

// ---- Events

void PacketJourneys::event(const Stream& stream, const Event& event) {
    const uint64_t number = event.values[0], stage_number = event.values[1];
    if (event.kind != Kind::packet || stage_number >= stage_count || number >= none) return;
    const auto stage = static_cast<Stage>(stage_number);
    if (number == 0) {
        controller_event(stream, event);
        return;
    }
    if (Record* record = find_or_begin(stream, event, stage, static_cast<uint32_t>(number)))
        note(stream, event, *record, stage);
}

PacketJourneys::Record* PacketJourneys::find_or_begin(const Stream& stream, const Event& event,
                                                      Stage stage, uint32_t number) {
    Slot slot = slots_.find(number);
    if (slot != none) {
        Record& record = records_[slot];
        // Numbers come round; and what has ended may be sent once more, as another packet.
        const bool another = stage == Stage::offered ? record.leg.has(stage)
                             : stage == Stage::sent  ? after_end(record, event.at)
                                                     : false;
        if (!another) return &record;
        if (record.ended) {
            settle(slot);
        } else {
            forget(slot);
        }
    }
    // A model that drops what was never seen says its size; a guest's marks have none.
    const bool begins = stage <= Stage::stored || (stage == Stage::dropped && event.values[2] > 0);
    if (!begins) {
        ++unknown_;
        return nullptr;
    }
    const bool named = stage == Stage::sent || stage == Stage::arrived;
    begin(number,
          named ? party_of_name(stream, event.values[3]) : party_of_source(stream, event.source),
          event.at);
    slot = newest_;
    records_[slot].leg.last = stage;
    return &records_[slot];
}

bool PacketJourneys::after_end(const Record& record, Time at) {
    if (!record.ended) return false;
    const Stage end = record.leg.end == PacketEnd::served ? Stage::served : Stage::dropped;
    return at > record.leg.at[stamp_of(end)];
}

PacketJourneys::Slot PacketJourneys::take_slot() {
    if (free_.empty() && records_.size() < most_) {
        records_.emplace_back();
        return static_cast<Slot>(records_.size() - 1);
    }
    if (free_.empty()) records_[oldest_].ended ? settle(oldest_) : forget(oldest_);
    const Slot slot = free_.back();
    free_.pop_back();
    return slot;
}

void PacketJourneys::begin(uint32_t number, uint16_t origin, Time at) {
    const Slot slot = take_slot();
    Record& record = records_[slot];
    record = {};
    record.leg.packet = number;
    record.leg.origin = origin;
    record.live = true;
    record.older = newest_;
    (newest_ == none ? oldest_ : records_[newest_].newer) = slot;
    newest_ = slot;
    slots_.insert(number, slot);
    ++begun_;
    PacketOrigin& from = parties_[origin].origin;
    if (from.balance.begun++ == 0) from.first_begun = at;
    from.last_begun = std::max(from.last_begun, at);
}

void PacketJourneys::note(const Stream& stream, const Event& event, Record& record, Stage stage) {
    PacketLeg& leg = record.leg;
    const bool second_end = record.ended && stage >= Stage::served;
    const bool of_leg_before = leg.leg > 0 && event.at < leg.at[stamp_of(Stage::forwarded)];
    if (leg.has(stage) || second_end || of_leg_before || after_end(record, event.at)) {
        ++repeated_;
        return;
    }
    leg.put(stamp_of(stage), event.at);
    if (leg.bytes == 0) leg.bytes = static_cast<uint32_t>(event.values[2]);
    if (!record.ended && event.at >= leg.at[stamp_of(leg.last)]) leg.last = stage;
    switch (stage) {
        case Stage::arrived:
            choose_way(record, by_arrival, party_of_name(stream, event.values[3]));
            break;
        case Stage::buffered:
            choose_way(record, by_controller, party_of_source(stream, event.source));
            break;
        case Stage::stored:
            choose_way(record, by_controller, party_of_source(stream, event.source));
            on_stored(record, party_of_source(stream, event.source));
            break;
        case Stage::interrupt: {
            PacketWay& way = parties_[party_of_source(stream, event.source)].way;
            ++way.interrupts;
            way.per_interrupt.record(1);
            break;
        }
        case Stage::taken:
            on_taken(record);
            break;
        case Stage::forwarded:
            on_forwarded(record);
            break;
        case Stage::served:
            choose_way(record, by_end, party_of_source(stream, event.source));
            on_end(record, PacketEnd::served);
            break;
        case Stage::dropped:
            leg.place =
                place_of(party_of_source(stream, event.source), stream.name(event.values[3]));
            on_end(record, PacketEnd::dropped);
            break;
        default:
            break;
    }
}

void PacketJourneys::choose_way(Record& record, uint8_t rank, uint16_t way) {
    if (rank <= record.way_rank) return;
    record.way_rank = rank;
    record.leg.way = way;
}

// ---- What a controller has stored

void PacketJourneys::Waiting::push(const Stored& stored, size_t most) {
    if (last - first == ring.size() && ring.size() < most) {
        std::vector<Stored> larger(ring.size() * 2);
        for (uint64_t i = first; i < last; ++i) larger[i & (larger.size() - 1)] = at(i);
        ring = std::move(larger);
    } else if (last - first == ring.size()) {
        ++first;
        interrupt = std::max(interrupt, first);
        handler = std::max(handler, first);
    }
    at(last++) = stored;
}

PacketJourneys::Record* PacketJourneys::waiting_record(const Stored& stored) {
    Record& record = records_[stored.slot];
    const bool same = record.live && record.leg.packet == stored.packet &&
                      record.leg.leg == stored.leg && !record.leg.has(Stage::taken) &&
                      !record.ended;
    return same ? &record : nullptr;
}

/// Forgets those in front that were taken, or have come to an end otherwise.
void PacketJourneys::trim(Waiting& waiting) {
    while (waiting.first < waiting.last && !waiting_record(waiting.at(waiting.first)))
        ++waiting.first;
    waiting.interrupt = std::max(waiting.interrupt, waiting.first);
    waiting.handler = std::max(waiting.handler, waiting.first);
}

void PacketJourneys::on_stored(Record& record, uint16_t way) {
    Party& party = parties_[way];
    party.way.controller = true;
    if (record.ended || record.leg.has(Stage::taken)) return;
    trim(party.waiting);
    party.waiting.push({slot_of(record), record.leg.packet, record.leg.leg}, most_);
}

void PacketJourneys::on_taken(Record& record) {
    Party& party = parties_[record.leg.way];
    party.way.marked = true;
    ++party.way.taken;
    ++party.taken_since;
}

void PacketJourneys::controller_event(const Stream& stream, const Event& event) {
    const auto stage = static_cast<Stage>(event.values[1]);
    if (stage == Stage::interrupt)
        interrupt(parties_[party_of_source(stream, event.source)], event.at);
    else if (stage == Stage::handler)
        handler(parties_[party_of_name(stream, event.values[3])], event.at);
    else
        ++unknown_;
}

/// For those that no handler has seen either: a packet that a poll found needs no interrupt.
void PacketJourneys::interrupt(Party& party, Time at) {
    Waiting& waiting = party.waiting;
    trim(waiting);
    waiting.interrupt = std::max(waiting.interrupt, waiting.handler);
    uint64_t packets = 0;
    for (; waiting.interrupt < waiting.last; ++waiting.interrupt) {
        Record* record = waiting_record(waiting.at(waiting.interrupt));
        if (!record) continue;
        if (record->leg.at[stamp_of(Stage::stored)] > at) break;
        if (record->leg.has(Stage::interrupt)) continue;
        record->leg.put(stamp_of(Stage::interrupt), at);
        record->leg.last = Stage::interrupt;
        ++packets;
    }
    ++party.way.interrupts;
    if (packets == 0) ++party.way.empty_interrupts;
    party.way.per_interrupt.record(packets);
}

/// Packets were taken since the last entry, if there was any.
void PacketJourneys::end_batch(PacketWay& way, uint64_t packets, bool entered) {
    if (entered && packets > 0) way.per_handler.record(packets);
    if (entered && packets == 0) ++way.empty_handlers;
}

void PacketJourneys::handler(Party& party, Time at) {
    Waiting& waiting = party.waiting;
    trim(waiting);
    for (; waiting.handler < waiting.last; ++waiting.handler) {
        Record* record = waiting_record(waiting.at(waiting.handler));
        if (!record) continue;
        if (record->leg.at[stamp_of(Stage::stored)] > at) break;
        if (record->leg.has(Stage::handler)) continue;
        record->leg.put(stamp_of(Stage::handler), at);
        record->leg.last = Stage::handler;
    }
    end_batch(party.way, party.taken_since, party.way.handlers > 0);
    party.taken_since = 0;
    ++party.way.handlers;
}

// ---- Ends

void PacketJourneys::on_forwarded(Record& record) {
    PacketLeg& leg = record.leg;
    leg.end = PacketEnd::forwarded;
    fold(leg);
    PacketLeg next;
    next.packet = leg.packet;
    next.bytes = leg.bytes;
    next.leg = leg.leg + 1;
    next.origin = leg.origin;
    next.last = Stage::forwarded;
    next.put(stamp_of(Stage::forwarded), leg.at[stamp_of(Stage::forwarded)]);
    if (leg.has(Stage::offered))
        next.put(stamp_of(Stage::offered), leg.at[stamp_of(Stage::offered)]);
    if (leg.has(Stage::arrived)) next.put(came_stamp, leg.at[stamp_of(Stage::arrived)]);
    leg = next;
    record.way_rank = by_nobody;
}

void PacketJourneys::on_end(Record& record, PacketEnd end) {
    record.leg.end = end;
    record.ended = true;
    Slot& place = ended_[ended_next_];
    if (const Slot before = std::exchange(place, slot_of(record)); before != none)
        settle_taken_out(before);
    ended_next_ = (ended_next_ + 1) % kept_ended;
}

/// A packet that has ended takes no more stamps.
void PacketJourneys::settle(Slot slot) {
    std::replace(ended_.begin(), ended_.end(), slot, none);
    settle_taken_out(slot);
}

void PacketJourneys::settle_taken_out(Slot slot) {
    const PacketLeg& leg = records_[slot].leg;
    PacketOrigin& origin = parties_[leg.origin].origin;
    if (leg.end == PacketEnd::served) {
        const Time at = leg.at[stamp_of(Stage::served)];
        if (origin.balance.served++ == 0) origin.first_served = at;
        origin.last_served = std::max(origin.last_served, at);
        origin.served_bytes += leg.bytes;
        ++served_;
    } else {
        ++origin.balance.dropped;
        ++dropped_;
        ++places_[std::min<size_t>(leg.place, places_.size() - 1)].packets;
    }
    fold(leg);
    release(slot);
}

void PacketJourneys::settle_all() {
    for (size_t i = 0; i < kept_ended; ++i)
        if (const Slot slot = ended_[(ended_next_ + i) % kept_ended]; slot != none) settle(slot);
}

/// It stays inside, and is followed no more.
void PacketJourneys::forget(Slot slot) {
    const PacketLeg& leg = records_[slot].leg;
    ++forgotten_;
    ++forgotten_at_[stamp_of(leg.last)];
    ++parties_[leg.origin].origin.balance.inside;
    fold(leg);
    release(slot);
}

void PacketJourneys::release(Slot slot) {
    Record& record = records_[slot];
    slots_.erase(record.leg.packet);
    (record.older == none ? oldest_ : records_[record.older].newer) = record.newer;
    (record.newer == none ? newest_ : records_[record.newer].older) = record.older;
    record.live = false;
    free_.push_back(slot);
}

/// Counts one leg that is over.
void PacketJourneys::fold(const PacketLeg& leg) {
    if (listener_) listener_->leg(*this, leg);
    if (leg.leg == 0) parties_[leg.origin].origin.bytes += leg.bytes;
    PacketWay& way = parties_[leg.way].way;
    const bool stored = leg.has(Stage::stored);
    if (leg.end == PacketEnd::served) ++way.served;
    if (leg.end == PacketEnd::forwarded) ++way.forwarded;
    const bool good = leg.end == PacketEnd::served || leg.end == PacketEnd::forwarded;
    if (good && stored) ++way.handled;
    if (!good && (leg.end == PacketEnd::dropped || !stored || way.marked)) return;
    for (size_t i = 0; i < span_count; ++i) {
        const StagePair& pair = spans[i];
        if (!leg.has(pair.from) || !leg.has(pair.to)) continue;
        if (i == static_cast<size_t>(Span::source) && leg.leg > 0) continue;  // of the first leg
        if (leg.at[pair.to] < leg.at[pair.from])
            ++reversed_;
        else
            way.spans[i].record((leg.at[pair.to] - leg.at[pair.from]).ps());
    }
}

// ---- Results

void PacketJourneys::finish() {
    settle_all();
    if (std::exchange(finished_, true)) return;
    // What is still inside is told, and stays inside.
    for (Slot slot = oldest_; slot != none; slot = records_[slot].newer) fold(records_[slot].leg);
}

PacketSummary PacketJourneys::summary() {
    settle_all();
    PacketSummary summary;
    summary.balance = {begun_, served_, dropped_, forgotten_};
    summary.inside = forgotten_at_;
    summary.places = places_;
    summary.forgotten = forgotten_;
    summary.unknown_marks = unknown_;
    summary.repeated_marks = repeated_;
    summary.reversed_spans = reversed_;
    std::vector<Party> parties = parties_;
    for (Slot slot = oldest_; slot != none; slot = records_[slot].newer) {
        const PacketLeg& leg = records_[slot].leg;
        ++summary.balance.inside;
        ++summary.inside[stamp_of(leg.last)];
        PacketOrigin& origin = parties[leg.origin].origin;
        ++origin.balance.inside;
        if (!finished_ && leg.leg == 0) origin.bytes += leg.bytes;
    }
    for (Party& party : parties) {
        PacketWay& way = party.way;
        summary.handled += way.handled;
        end_batch(way, party.taken_since, way.handlers > 0);
        if (party.origin.balance.begun > 0) summary.origins.push_back(std::move(party.origin));
        if (way.controller || way.served + way.forwarded + way.interrupts + way.handlers > 0)
            summary.ways.push_back(std::move(way));
    }
    return summary;
}

bool PacketSummary::balanced() const {
    PacketBalance sum;
    bool each = balance.holds();
    for (const PacketOrigin& origin : origins) {
        each = each && origin.balance.holds();
        sum.begun += origin.balance.begun;
        sum.served += origin.balance.served;
        sum.dropped += origin.balance.dropped;
        sum.inside += origin.balance.inside;
    }
    uint64_t at_places = 0, at_stages = 0;
    for (const PacketPlace& place : places) at_places += place.packets;
    for (const uint64_t packets : inside) at_stages += packets;
    return each && sum == balance && at_places == balance.dropped && at_stages == balance.inside;
}

HdrHistogram PacketSummary::all(Span span, bool controllers) const {
    HdrHistogram sum;
    for (const PacketWay& way : ways)
        if (way.controller || !controllers) sum.add(way.span(span));
    return sum;
}

}  // namespace sb::observe
