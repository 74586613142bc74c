// SPDX-License-Identifier: Apache-2.0
#include "cpu/caches.h"

#include <fmt/format.h>

#include <cstring>

namespace sb::cpu {
namespace {

const Key size_key{"size", ValueType::size, "", "", {}, 0, 16u << 20};

/// A size, or what the model has.
uint64_t size_or(const Config& config, const char* key, uint64_t models) {
    const std::string& text = config.text(key);
    if (text == "model") return models;
    if (text == "0") return 0;
    try {
        return std::get<uint64_t>(parse_value(size_key, text));
    } catch (const Error& error) {
        throw Error(fmt::format("cpu.{}: \"model\", or {}", key, error.what()));
    }
}

void override_with(CacheInfo& info, const Config& config, const std::string& level) {
    if (const uint64_t ways = config.integer(level + "_ways"))
        info.ways = static_cast<unsigned>(ways);
    const std::string& policy = config.text(level + "_policy");
    if (policy != "model") info.write_back = policy == "write-back";
    const std::string& replacement = config.text(level + "_replacement");
    if (replacement != "model") info.exact_lru = replacement == "lru";
    const std::string& allocate = config.text(level + "_allocate");
    if (allocate != "model") info.allocate = allocate == "yes";
}

}  // namespace

std::vector<Key> cache_keys() {
    std::vector<Key> keys;
    auto level = [&](const std::string& l, const std::string& which) {
        keys.push_back({l + "_size", ValueType::text, "model",
                        "size of " + which + ", such as 8KiB; 0: none; model: the model's own"});
        keys.push_back({l + "_ways",
                        ValueType::integer,
                        "0",
                        "its ways; 0: the model's own",
                        {},
                        0,
                        Cache::most_ways});
        keys.push_back({l + "_policy",
                        ValueType::choice,
                        "model",
                        "what writes do",
                        {"model", "write-back", "write-through"}});
        keys.push_back({l + "_allocate",
                        ValueType::choice,
                        "model",
                        "whether a write that misses fills a line",
                        {"model", "yes", "no"}});
        keys.push_back({l + "_replacement",
                        ValueType::choice,
                        "model",
                        "which line goes",
                        {"model", "pseudo-lru", "lru"}});
    };
    level("l1", "the first level, each of two where it is split");
    keys.push_back({"l1_line",
                    ValueType::integer,
                    "0",
                    "bytes of a line, at every level; 0: the model's own",
                    {},
                    0,
                    128});
    level("l2", "the second level");
    keys.push_back({"l2_clocks",
                    ValueType::integer,
                    "0",
                    "processor clocks that a hit in the second level takes; 0: the model's own",
                    {},
                    0,
                    1000});
    keys.push_back({"snoop", ValueType::boolean, "true",
                    "whether other masters' bursts look into the caches"});
    return keys;
}

Caches::Caches(Component& owner, observe::Stream& stream, bus::ProcessorPort& port,
               const Model& model, const Config& config)
    : types{model},
      owner_{owner},
      stream_{stream},
      port_{port},
      snooping_{config.boolean("snoop")} {
    CacheInfo first{1, "both", 0, 4, 16}, second{2, "both", 0, 4, 0, true, true, false, 10};
    bool split = false;
    for (const CacheInfo& info : model.caches) {
        split |= info.holds == "code";
        if (info.level == 2)
            second = info;
        else if (info.holds != "code")
            first = info;
    }
    override_with(first, config, "l1");
    override_with(second, config, "l2");
    first.bytes = size_or(config, "l1_size", first.bytes);
    second.bytes = size_or(config, "l2_size", second.bytes);
    if (const uint64_t n = config.integer("l1_line")) first.line = static_cast<unsigned>(n);
    if (const uint64_t n = config.integer("l2_clocks")) second.clocks = static_cast<unsigned>(n);
    second.line = first.line;
    if (first.bytes && split) {
        CacheInfo code_info = first;
        code_info.holds = "code";
        code = add("l1_code", code_info);
        data = add("l1_data", first);
    } else if (first.bytes) {
        code = data = add("l1", first);
    }
    if (first.bytes && second.bytes) this->second = add("l2", second);
    if (first.bytes) fetch_bytes = first.line;
    port.bus().add_snooper(*this);
}

/// As a child of the processor.
Cache* Caches::add(const char* name, const CacheInfo& info) {
    auto* context = sc_core::sc_get_curr_simcontext();
    context->hierarchy_push(&owner_);
    all_[count_] = std::make_unique<Cache>(owner_.simulation(), stream_, name,
                                           std::string{owner_.basename()} + "." + name, info);
    context->hierarchy_pop();
    return all_[count_++].get();
}

bool Caches::drop_code(uint32_t address) {
    if (!split()) return false;
    if (uint32_t* tag = code->find(address)) *tag = 0;
    bool had = false;
    for (uint32_t& line : fetched)
        if (line == code->line_of(address)) {
            line = no_line;
            had = true;
        }
    return had;
}

void Caches::clear() {
    for (unsigned n = 0; n < count_; ++n) all_[n]->clear();
    fetched.fill(no_line);
}

Time Caches::snoop(bool write, uint64_t address, uint64_t bytes, Time start) {
    if (bytes == 0 || address > 0xffffffff) return start;
    const uint64_t last = std::min<uint64_t>(address + bytes - 1, 0xffffffff);
    for (uint64_t at = address & ~uint64_t{fetch_bytes - 1}; at <= last; at += fetch_bytes)
        start = snoop_line(write, static_cast<uint32_t>(at), start);
    return start;
}

Time Caches::snoop_line(bool write, uint32_t address, Time start) {
    if (write && snooping_)
        for (uint32_t& line : fetched)
            if (line == address) line = no_line;
    bool written = false;
    for (unsigned n = 0; n < count_; ++n) {
        Cache& cache = *all_[n];
        uint32_t* tag = cache.find(address);
        if (!tag) continue;
        if (!snooping_) {
            unseen(cache, tag, write, address);
            continue;
        }
        ++cache.snoop_hits;
        const Time began = start;
        const bus::AddressSpace::Range* range = port_.bus().memory().find(address);
        const bool modified = *tag & line::modified;
        if (modified && !written && range && range->direct) {
            ++cache.write_backs;
            uint64_t data = 0;
            std::memcpy(&data, range->direct->host + (address - range->start), sizeof data);
            start = port_.write_back(start, {*range->direct, address, fetch_bytes, true, data});
            written = true;
        }
        *tag = write ? 0 : *tag & ~line::modified;
        cache.emit(began,
                   modified ? (write ? "snoop-flush" : "snoop-write-back")
                            : (write ? "snoop-invalidate" : "snoop-hit"),
                   address, start - began);
    }
    return start;
}

/// What nobody looks at: memory and the line are not equal from now on.
void Caches::unseen(Cache& cache, uint32_t* tag, bool write, uint32_t address) {
    if (write) {
        *tag |= line::stale;
    } else if (*tag & line::modified) {
        ++cache.stale_reads;
        cache.finding(
            "a bus master read memory under a modified line without snooping: a real "
            "machine gives it old data",
            [&] { return fmt::format("the line at {:#x}", address); });
    }
}

}  // namespace sb::cpu
