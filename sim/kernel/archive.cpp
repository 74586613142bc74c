// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/archive.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/kernel/error.h"
#include "sim/kernel/simulation.h"
#include "sim/kernel/timer.h"

namespace sb {
namespace {

constexpr char magic[8] = {'S', 'B', 'S', 'T', 'A', 'T', 'E', '1'};
constexpr size_t page = 4096;

void put_u64(std::vector<uint8_t>& out, uint64_t v) {
    for (int i = 0; i < 8; ++i) out.push_back(static_cast<uint8_t>(v >> (8 * i)));
}

/// Reads from a byte string, refusing to pass its end.
class Reader {
  public:
    explicit Reader(std::span<const uint8_t> bytes) : bytes_{bytes} {}
    bool done() const { return bytes_.empty(); }
    std::span<const uint8_t> take(uint64_t n) {
        if (n > bytes_.size()) throw Error("state archive: it ends early; save the machine again");
        auto head = bytes_.first(n);
        bytes_ = bytes_.subspan(n);
        return head;
    }
    uint64_t u64() {
        uint64_t v = 0;
        auto b = take(8);
        for (int i = 0; i < 8; ++i) v |= uint64_t{b[i]} << (8 * i);
        return v;
    }

  private:
    std::span<const uint8_t> bytes_;
};

}  // namespace

std::vector<uint8_t> Archive::serialise() const {
    std::vector<uint8_t> out(std::begin(magic), std::end(magic));
    for (const auto& [name, bytes] : values_) {
        put_u64(out, name.size());
        out.insert(out.end(), name.begin(), name.end());
        put_u64(out, bytes.size());
        out.insert(out.end(), bytes.begin(), bytes.end());
    }
    return out;
}

Archive Archive::parse(std::span<const uint8_t> bytes) {
    Reader reader{bytes};
    auto head = reader.take(sizeof magic);
    if (!std::equal(head.begin(), head.end(), std::begin(magic)))
        throw Error("state archive: this is not one (its first bytes are not SBSTATE1)");
    Archive archive{Mode::load};
    while (!reader.done()) {
        auto name = reader.take(reader.u64());
        auto value = reader.take(reader.u64());
        archive.values_[std::string(name.begin(), name.end())].assign(value.begin(), value.end());
    }
    return archive;
}

const std::vector<uint8_t>& Archive::stored(const std::string& path) const {
    auto found = values_.find(path);
    if (found == values_.end())
        throw Error(fmt::format(
            "state archive: it has no value \"{}\"; it was saved from a different machine", path));
    return found->second;
}

void Archive::fixed(std::string_view name, std::span<uint8_t> bytes) {
    std::string key = path(name);
    if (!loading()) {
        values_[key].assign(bytes.begin(), bytes.end());
        return;
    }
    const auto& from = stored(key);
    if (from.size() != bytes.size())
        throw Error(fmt::format("state archive: \"{}\" has {} bytes, this machine's has {}", key,
                                from.size(), bytes.size()));
    std::copy(from.begin(), from.end(), bytes.begin());
}

void Archive::sparse(std::string_view name, std::span<uint8_t> bytes) {
    std::string key = path(name);
    auto is_zero = [](uint8_t b) { return b == 0; };
    if (!loading()) {
        std::vector<uint8_t>& out = values_[key];
        put_u64(out, bytes.size());
        for (size_t at = 0; at < bytes.size(); at += page) {
            auto part = bytes.subspan(at, std::min(page, bytes.size() - at));
            if (std::all_of(part.begin(), part.end(), is_zero)) continue;
            put_u64(out, at);
            out.insert(out.end(), part.begin(), part.end());
        }
        return;
    }
    Reader reader{stored(key)};
    if (reader.u64() != bytes.size())
        throw Error(fmt::format("state archive: \"{}\" is of another size here ({} bytes)", key,
                                bytes.size()));
    std::fill(bytes.begin(), bytes.end(), 0);
    while (!reader.done()) {
        uint64_t at = reader.u64();
        if (at >= bytes.size() || at % page != 0)
            throw Error(
                fmt::format("state archive: \"{}\" holds an offset that is not in it", key));
        auto part = reader.take(std::min<uint64_t>(page, bytes.size() - at));
        std::copy(part.begin(), part.end(), bytes.begin() + static_cast<ptrdiff_t>(at));
    }
}

void Archive::blob(std::string_view name, std::vector<uint8_t>& bytes, size_t limit) {
    std::string key = path(name);
    if (!loading()) {
        values_[key] = bytes;
        return;
    }
    const auto& from = stored(key);
    if (from.size() > limit)
        throw Error(fmt::format("state archive: \"{}\" has {} bytes, at most {} fit", key,
                                from.size(), limit));
    bytes = from;
}

void Archive::timer(Timer& timer) {
    struct {
        Time due;
        uint64_t order;
    } saved{timer.due(), timer.armed() ? timer.order_ : 0};
    value(timer.name(), saved);
    if (!loading()) return;
    if (saved.due == Time::max())
        timer.cancel();
    else
        timer.sim_.restore(timer, saved.due, saved.order);
}

Archive::Scope::Scope(Archive& archive, std::string_view name)
    : archive_{archive}, length_{archive.prefix_.size()} {
    archive_.prefix_.append(name).push_back('.');
}

Archive::Scope::~Scope() { archive_.prefix_.resize(length_); }

}  // namespace sb
