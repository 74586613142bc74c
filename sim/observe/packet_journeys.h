// SPDX-License-Identifier: Apache-2.0
//
// Follows every packet through its stages (Kind::packet events, observe::Stage), and folds those
// that have come to an end into histograms of the times between stages, balances, drops by place,
// and batch sizes. docs/packets.md says what each stamp means.
//
// Legs. A packet's way over one wire, and through what is behind it, is a leg. `forwarded` ends a
// leg and begins the next, with the same number. Each leg belongs to a way: the controller (or
// peer) at which it came in.
//
// Stamps. The first one of a stage counts. Stages may become known in any order: a packet that has
// ended is kept for a little while (`kept_ended` further ends), and takes stamps that come late.
// Packet 0 stands for all that the named controller has stored and that no driver has seen: for
// `interrupt` those that have neither an interrupt nor a handler yet, for `handler` those that have
// no handler, and in both cases only those stored by then and not taken.
//
// What counts. Times are of legs that were served or forwarded, so that the parts sum to the whole.
// Where a driver never marks what it takes (an unmodified one), those of packets that were stored.
// A packet begins at a stage that a model names (up to `stored`, or a drop that says its size);
// marks by a guest of packets that are not there are counted, and nothing else.
//
// Memory is bounded by the packets in flight, `most_in_flight` at most: then the oldest is
// forgotten, and stays inside for ever. In steady state nothing is allocated.
//
// A `PacketListener` is told of every leg, in the order in which they end; those still inside at
// the end come last.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/observe/number_map.h"
#include "sim/observe/packet_summary.h"
#include "sim/observe/stream.h"

namespace sb::observe {

enum class PacketEnd : uint8_t { served, dropped, forwarded, inside };
inline constexpr std::array<const char*, 4> packet_ends{"served", "dropped", "forwarded", "inside"};

struct PacketLeg {
    uint32_t packet = 0;
    uint32_t bytes = 0;    // without FCS; 0 where nobody said
    uint32_t leg = 0;      // 0 is the first
    uint16_t reached = 0;  // a bit for each stamp
    uint16_t origin = 0;   // indices: of names()
    uint16_t way = 0;
    uint16_t place = 0;  // of places(), where it was dropped
    Stage last = Stage::offered;
    PacketEnd end = PacketEnd::inside;
    std::array<Time, stamp_count> at{};

    bool has(size_t stamp) const { return reached >> stamp & 1; }
    bool has(Stage stage) const { return has(stamp_of(stage)); }
    void put(size_t stamp, Time time) {
        at[stamp] = time;
        reached = static_cast<uint16_t>(reached | 1u << stamp);
    }
};

class PacketJourneys;

class PacketListener {
  public:
    virtual ~PacketListener() = default;
    virtual void leg(const PacketJourneys& journeys, const PacketLeg& leg) = 0;
};

class PacketJourneys final : public Sink {
  public:
    static constexpr size_t kept_ended = 64;
    static constexpr size_t default_most = 1u << 21;  // above two full queues of traffic sources
    static constexpr size_t most_places = 1024;  // of drops; further ones are one place together

    explicit PacketJourneys(size_t most_in_flight = default_most);

    static KindSet kinds() { return KindSet{}.set(static_cast<size_t>(Kind::packet)); }
    void event(const Stream& stream, const Event& event) override;

    void listen(PacketListener& listener) { listener_ = &listener; }
    /// The end of the run: folds what has ended, and tells of what is still inside. May be called
    /// again.
    void finish();
    bool any() const { return begun_ > 0; }
    /// What is known now; what has ended is folded, and takes no late stamps any more.
    PacketSummary summary();

    /// Names of devices; 0 is "".
    const std::string& party(uint16_t index) const { return parties_[index].way.name; }
    const std::vector<PacketPlace>& places() const { return places_; }

  private:
    using Slot = uint32_t;
    static constexpr Slot none = NumberMap::none;

    struct Record {
        PacketLeg leg;
        Slot older = none, newer = none;  // by the time at which they began
        bool live = false, ended = false;
        uint8_t way_rank = 0;
    };
    /// A stored packet, as its controller remembers it; it may be gone.
    struct Stored {
        Slot slot;
        uint32_t packet;
        uint32_t leg;
    };
    /// A queue of stored packets that a driver has not taken. Positions are free-running.
    struct Waiting {
        std::vector<Stored> ring = std::vector<Stored>(64);
        uint64_t first = 0, last = 0;
        uint64_t interrupt = 0, handler = 0;  // the first that has no such stamp
        Stored& at(uint64_t position) { return ring[position & (ring.size() - 1)]; }
        void push(const Stored& stored, size_t most);
    };
    /// Whoever emits events, or is named by one: an origin, a way, or both.
    struct Party {
        PacketOrigin origin;
        PacketWay way;
        Waiting waiting;
        uint64_t taken_since = 0;  // the last handler
    };

    uint16_t party_named(const std::string& name);
    uint16_t party_of_source(const Stream& stream, Source source);
    uint16_t party_of_name(const Stream& stream, uint64_t name);
    uint16_t place_of(uint16_t where, const std::string& name);

    void controller_event(const Stream& stream, const Event& event);
    void interrupt(Party& party, Time at);
    void handler(Party& party, Time at);
    static void end_batch(PacketWay& way, uint64_t packets, bool entered);
    Record* waiting_record(const Stored& stored);
    void trim(Waiting& waiting);

    Record* find_or_begin(const Stream& stream, const Event& event, Stage stage, uint32_t number);
    static bool after_end(const Record& record, Time at);
    Slot take_slot();
    void begin(uint32_t number, uint16_t origin, Time at);
    void note(const Stream& stream, const Event& event, Record& record, Stage stage);
    void choose_way(Record& record, uint8_t rank, uint16_t way);
    void on_stored(Record& record, uint16_t way);
    void on_taken(Record& record);
    void on_forwarded(Record& record);
    void on_end(Record& record, PacketEnd end);

    void settle(Slot slot);
    void settle_all();
    void settle_taken_out(Slot slot);
    void forget(Slot slot);
    void fold(const PacketLeg& leg);
    void release(Slot slot);
    Slot slot_of(const Record& record) const {
        return static_cast<Slot>(&record - records_.data());
    }

    size_t most_;
    std::vector<Record> records_;
    std::vector<Slot> free_;
    NumberMap slots_;
    Slot oldest_ = none, newest_ = none;
    std::array<Slot, kept_ended> ended_;
    size_t ended_next_ = 0;

    std::vector<Party> parties_;
    std::map<std::string, uint16_t> party_index_;
    std::vector<uint16_t> by_source_, by_name_;  // parties, by the stream's numbers
    std::vector<PacketPlace> places_;
    std::map<std::pair<uint16_t, std::string>, uint16_t> place_index_;
    PacketListener* listener_ = nullptr;

    uint64_t begun_ = 0, served_ = 0, dropped_ = 0;
    uint64_t forgotten_ = 0, unknown_ = 0, repeated_ = 0, reversed_ = 0;
    std::array<uint64_t, stage_count> forgotten_at_{};
    bool finished_ = false;
};

}  // namespace sb::observe
