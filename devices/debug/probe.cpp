// SPDX-License-Identifier: Apache-2.0
//
// The probe ports: how a guest tells the simulator what it is doing, without taking any time. They
// are this project's own; their contract is this comment. All accesses have 32 bits.
//
//   +0 PHASE   write: enter the phase of this id, 0 for none; read: the present phase
//   +4 NAME    write: physical address of a phase's name, NUL-terminated, at most 64 bytes;
//              read: the id given to the last name written, from 1 on; the same name has the same
//              id; 0 where the name could not be taken (255 are known at most)
//   +8 RESULT  write: physical address of a record of little-endian 32-bit words; read: 1 where the
//              last record was taken, else 0
//
//   +C PACKET   write: where a driver has found a received packet; read: the packet's number, 0 where none is known
//   +10 HANDLER write: the first address of a controller's registers, plus 1 where they are ports: its driver's top
//               half begins, or a poll of it
//   +14 TAKEN, +18 PROTOCOL, +1C SERVED   write: a packet's number: it has come to this stage (observe::Stage)
//   +20 PLACE   write: id of a name: where, and why, packets are dropped from now on
//   +24 DROPPED write: a packet's number: it was dropped at that place
//   +28 FORWARD write: a packet's number; +2C FROM write: where it is sent from, by another controller
//
//   records    1, drive, lba_low, lba_high, sectors, crc32    sectors read, and their CRC-32
//              2, name_address, value_low, value_high         a named number
//              3, bytes_low, bytes_high                       work done in the present phase
//
// Memory is read by debug accesses. Characters of names that are not printable ASCII become '_'.
// What comes is handed to the bus::GuestProbeListener offered on the board as "probe.listener", if
// any; stages of packets become events. A packet's number 0 stands for none: its marks do nothing. Findings: addresses that are not memory, names without an end, ids and record types not
// known.
#include <algorithm>
#include <array>
#include <optional>

#include "bus/guest_probe.h"
#include "bus/isa.h"
#include "bus/packets.h"

namespace sb::devices {
namespace {

constexpr size_t longest_name = 64;
constexpr size_t most_names = 255;
constexpr uint64_t range_bytes = 0x30;

uint64_t joined(uint32_t low, uint32_t high) { return uint64_t{high} * 0x1'0000'0000 + low; }

class GuestProbe final : public bus::Device {
  public:
    explicit GuestProbe(const bus::DeviceContext& context)
        : Device{context},
          board_{context.board},
          bank_{*this, {.name = "probe", .size = range_bytes, .trace = false}},
          phase_{bank_,
                 spec("PHASE", 0, "id of the present phase", "enters a phase"),
                 {.write = [this](uint64_t id) { enter(id); }}},
          name_{bank_,
                spec("NAME", 4, "address of a name; reads its id", "makes a phase known"),
                {.write = [this](uint64_t address) { name_ = learn(address); }}},
          result_{
              bank_,
              spec("RESULT", 8, "address of a record; reads 1 where taken", "hands a record on"),
              {.write = [this](uint64_t address) { result_ = record(address); }}},
          places_{bus::PacketPlaces::of(context.board)},
          packet_{bank_,
                  spec("PACKET", 0x0c, "place of a packet; reads its number", "looks a packet up"),
                  {.write = [this](uint64_t place) { packet_ = places_.received_at(place); }}},
          handler_{bank_,
                   mark_spec("HANDLER", 0x10, "first address of a controller's registers", "marks a top half"),
                   {.write = [this](uint64_t base) { handler_begins(base); }}},
          taken_{bank_, mark_spec("TAKEN", 0x14, "number of a packet", "marks a stage"), mark(observe::Stage::taken)},
          protocol_{bank_, mark_spec("PROTOCOL", 0x18, "number of a packet", "marks a stage"),
                    mark(observe::Stage::protocol)},
          served_{bank_, mark_spec("SERVED", 0x1c, "number of a packet", "marks a stage"),
                  mark(observe::Stage::served)},
          place_{bank_, spec("PLACE", 0x20, "id of the name of a place", "says where packets are dropped")},
          dropped_{bank_, mark_spec("DROPPED", 0x24, "number of a packet", "marks a packet's end"),
                   mark(observe::Stage::dropped)},
          forward_{bank_, spec("FORWARD", 0x28, "number of a packet", "")},
          from_{bank_, mark_spec("FROM", 0x2c, "where a forwarded packet is sent from", "marks a stage"),
                {.write = [this](uint64_t place) { forwarded(place); }}} {
        declare_state("names", [this](Archive& archive) { archive_names(archive); });
        bus::claim_ports(context, bank_, context.config.integer("port"), true);
    }

    void reset() override {
        Device::reset();
        forget_names();
        current_ = 0;
    }

  private:
    static bus::Register::Spec spec(const char* name, uint32_t offset, const char* doc,
                                    const char* effect) {
        return {.name = name,
                .offset = offset,
                .bits = 32,
                .doc = doc,
                .effect = effect,
                .whole = true};
    }

    static bus::Register::Spec mark_spec(const char* name, uint32_t offset, const char* doc,
                                         const char* effect) {
        bus::Register::Spec made = spec(name, offset, doc, effect);
        made.access = bus::wo;
        return made;
    }

    bus::RegisterHooks mark(observe::Stage stage) {
        return {.write = [this, stage](uint64_t packet) { reached(packet, stage); }};
    }

    void reached(uint64_t packet, observe::Stage stage) {
        if (packet == 0 || !probe().wants(observe::Kind::packet)) return;
        const uint64_t place = stage == observe::Stage::dropped ? place_.value() : 0;
        if (place > names_.size()) finding("packets were dropped at a place that has no name");
        probe().emit(now(), observe::Kind::packet, packet, static_cast<uint64_t>(stage), 0,
                     place > names_.size() ? stream_names_[0] : stream_names_[place]);
    }

    /// The controller's name is that of the range that its registers are mapped as, up to a blank.
    void handler_begins(uint64_t base) {
        if (!probe().wants(observe::Kind::packet)) return;
        const bool port = base & 1;
        const auto* range = (port ? board_.ports : board_.memory).find(base & ~uint64_t{1});
        if (!range) return finding("a top half was marked for a controller that is not there");
        probe().emit(now(), observe::Kind::packet, 0, static_cast<uint64_t>(observe::Stage::handler), 0,
                     probe().stream().intern(path_of(range->name.substr(0, range->name.find(' ')))));
    }

    void forwarded(uint64_t place) {
        if (forward_ == 0) return;
        places_.to_send(place, static_cast<uint32_t>(forward_.value()));
        reached(forward_.value(), observe::Stage::forwarded);
    }

    /// Looked for by name once: a guest may mark several phases for each packet.
    bus::GuestProbeListener* listener() {
        if (!listener_known_) listener_ = board_.find<bus::GuestProbeListener>("probe.listener");
        listener_known_ = true;
        return listener_;
    }

    void forget_names() {
        names_.clear();
        stream_names_.assign(1, probe().stream().intern(""));
    }
    void add_name(std::string name) {
        stream_names_.push_back(probe().stream().intern(name));
        names_.push_back(std::move(name));
    }

    void enter(uint64_t id) {
        if (id > names_.size()) {
            finding("a phase was entered that has no name",
                    [&] { return fmt::format("id {}", id); });
            phase_ = current_.get();
            return;
        }
        current_ = static_cast<uint32_t>(id);
        static const std::string none = "none";
        if (probe().wants(observe::Kind::phase))
            probe().emit(now(), observe::Kind::phase,
                         id == 0 ? probe().stream().intern(none) : stream_names_[id]);
        if (auto* to = listener()) to->phase(current_, id == 0 ? none : names_[id - 1]);
    }

    /// Gives a name its number, or 0.
    uint64_t learn(uint64_t address) {
        const auto name = text_at(address);
        if (!name) return 0;
        for (size_t i = 0; i < names_.size(); ++i)
            if (names_[i] == *name) return i + 1;
        if (names_.size() >= most_names) {
            finding("the guest named more than 255 phases");
            return 0;
        }
        add_name(*name);
        return names_.size();
    }

    bool read(uint64_t address, void* data, unsigned bytes) {
        bus::Request request;
        if (address + bytes <= board_.memory.size() &&
            board_.memory.debug(request.aim(false, address, data, bytes)) == bytes)
            return true;
        finding("a probe address is not memory",
                [&] { return fmt::format("{} byte(s) at {:#x}", bytes, address); });
        return false;
    }

    std::optional<std::string> text_at(uint64_t address) {
        std::string text;
        for (size_t i = 0; i <= longest_name; ++i) {
            char c = 0;
            if (!read(address + i, &c, 1)) return std::nullopt;
            if (c == '\0') return text;
            text.push_back(c >= ' ' && c <= '~' ? c : '_');
        }
        finding("a name given to the probe is longer than 64 bytes");
        return std::nullopt;
    }

    template <size_t words>
    std::optional<std::array<uint32_t, words>> words_at(uint64_t address) {
        std::array<uint32_t, words> values{};
        for (size_t i = 0; i < words; ++i) {
            std::array<uint8_t, 4> bytes{};
            if (!read(address + 4 * i, bytes.data(), 4)) return std::nullopt;
            for (size_t b = 4; b-- > 0;) values[i] = values[i] * 256 + bytes[b];
        }
        return values;
    }

    bool record(uint64_t address) {
        const auto type = words_at<1>(address);
        if (!type) return false;
        enum : uint32_t { checksum = 1, metric = 2, work = 3 };
        switch (type->front()) {
            case checksum:
                return take_checksum(address);
            case metric:
                return take_metric(address);
            case work:
                return take_work(address);
            default:
                break;
        }
        finding("a probe record has a type that is not known",
                [&] { return fmt::format("{} at {:#x}", type->front(), address); });
        return false;
    }

    bool take_checksum(uint64_t address) {
        const auto words = words_at<6>(address);
        if (!words) return false;
        const auto [type, drive, low, high, sectors, crc] = *words;
        if (auto* to = listener()) to->disk_checksum(drive, joined(low, high), sectors, crc);
        return true;
    }

    bool take_metric(uint64_t address) {
        const auto words = words_at<4>(address);
        if (!words) return false;
        const auto [type, where, low, high] = *words;
        const auto name = text_at(where);
        if (!name) return false;
        if (auto* to = listener()) to->metric(*name, joined(low, high));
        return true;
    }

    bool take_work(uint64_t address) {
        const auto words = words_at<3>(address);
        if (!words) return false;
        const auto [type, low, high] = *words;
        if (auto* to = listener()) to->work(joined(low, high));
        return true;
    }

    /// The names in the order of their ids, each with its NUL.
    void archive_names(Archive& archive) {
        std::vector<uint8_t> bytes;
        for (const std::string& name : names_) {
            bytes.insert(bytes.end(), name.begin(), name.end());
            bytes.push_back(0);
        }
        archive.blob("names", bytes, most_names * (longest_name + 1));
        forget_names();
        for (auto at = bytes.begin(); at != bytes.end() && names_.size() < most_names;) {
            auto end = std::find(at, bytes.end(), uint8_t{0});
            add_name({at, end});
            at = end == bytes.end() ? end : end + 1;
        }
        if (current_ > names_.size()) current_ = 0;
    }

    bus::Board& board_;
    bus::RegisterBank bank_;
    bus::Register phase_;
    bus::Register name_;
    bus::Register result_;
    bus::PacketPlaces& places_;
    bus::Register packet_, handler_, taken_, protocol_, served_, place_, dropped_, forward_, from_;
    State<uint32_t> current_{*this, "current", 0};
    std::vector<std::string> names_;
    std::vector<observe::Name> stream_names_ = {probe().stream().intern("")};  // by id
    bus::GuestProbeListener* listener_ = nullptr;
    bool listener_known_ = false;
};

}  // namespace

const bus::DeviceModel probe{
    "probe",
    "ports by which a guest names its phases and results",
    "this project",
    {bus::port_key("port", "0x5b0", "first port")},
    [](const bus::DeviceContext& c) { return std::make_unique<GuestProbe>(c); }};
SOUTHBRIDGE_DEVICE(probe)

}  // namespace sb::devices
