// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_PROGRAMS_NETWORK_OPTIONS_H
#define GUEST_PROGRAMS_NETWORK_OPTIONS_H

// From the options of programs/network.cpp to the controllers, the way to serve them, and the
// application. What is made lives as long as the program.

#include <new>
#include <utility>

#include "drivers/e1000.h"
#include "drivers/ne2000.h"
#include "network/application.h"
#include "network/services/busy_polling.h"
#include "network/services/classic.h"
#include "network/services/clocked.h"
#include "network/services/hybrid.h"
#include "network/services/napi.h"
#include "network/services/quota.h"
#include "runtime/command_line.h"
#include "runtime/memory.h"
#include "runtime/print.h"

namespace guest {

template <typename Type, typename... Arguments>
Type& make(Arguments&&... arguments) {
    return *new (allocate(sizeof(Type))) Type(std::forward<Arguments>(arguments)...);
}

[[noreturn]] inline void reject(std::string_view key, std::string_view value, const char* choices) {
    print("{}={} is none of {}\n", key, value, choices);
    exit(exit_code::kBadOption);
}

inline Ipv4Address address_option(const CommandLine& options, std::string_view key,
                                  std::string_view fallback) {
    const std::string_view text = options.text(key, fallback);
    const auto address = parse_ipv4(text);
    if (!address) reject(key, text, "the addresses, like 10.0.2.15");
    return *address;
}

inline uint32_t ring_option(const CommandLine& options, std::string_view key) {
    const uint32_t descriptors = options.number(key, 256, 8, 4096);
    if (descriptors & (descriptors - 1)) reject(key, options.text(key, ""), "the powers of two");
    return descriptors;
}

// The controller of this number.
inline NetworkDevice& make_device(const CommandLine& options, uint32_t number) {
    std::string_view nic = options.text("nic", "auto");
    if (nic == "auto") nic = E1000::is_there(number) ? "e1000" : "ne2000";
    if (nic == "e1000") {
        return make<E1000>(
            number, E1000::Rings{ring_option(options, "ring"), ring_option(options, "tx_ring")});
    }
    if (nic == "ne2000") {  // The second one as second cards were set.
        const uint32_t port = options.number(number == 0 ? "port" : "port2", 0x300 + 0x20 * number);
        const uint32_t line = options.number(number == 0 ? "line" : "line2", 9 + number, 1, 15);
        return make<Ne2000>(static_cast<uint16_t>(port), static_cast<uint8_t>(line));
    }
    reject("nic", nic, "auto, e1000, ne2000");
}

inline Moderation parse_moderation(const CommandLine& options) {
    const auto delay = [&](std::string_view key, uint32_t fallback) {
        return static_cast<uint16_t>(options.number(key, fallback, 0, 0xffff));
    };
    return {.itr = delay("itr", 0),
            .rdtr = delay("rdtr", 0),
            .radv = delay("radv", 0),
            .tidv = delay("tidv", 0),
            .tadv = delay("tadv", 0)};
}

inline ModerationPolicy& make_moderation(const CommandLine& options, std::string_view fallback) {
    const std::string_view name = options.text("moderation", fallback);
    const Moderation moderation = parse_moderation(options);
    if (name == "none") return make<StaticModeration>(Moderation{});
    if (name == "static") return make<StaticModeration>(moderation);
    if (name == "adaptive") return make<AdaptiveModeration>(moderation, false);
    if (name == "conservative") return make<AdaptiveModeration>(moderation, true);
    if (name == "dim") return make<DimModeration>(moderation);
    reject("moderation", name, "none, static, adaptive, conservative, dim");
}

// The names by which services are usually compared go with the moderation that they are known for.
struct ServiceName {
    std::string_view option;
    std::string_view service;
    std::string_view moderation;
    bool feedback = false;  // A full user queue inhibits the input.
};
inline constexpr ServiceName kServiceNames[] = {
    {"poll", "poll", "none"},        {"clocked", "clocked", "none"},
    {"interrupt", "classic", "none"}, {"static", "classic", "static"},
    {"adaptive", "napi", "conservative"}, {"dim", "napi", "dim"},
    {"napi", "napi", "none"},        {"hybrid", "hybrid", "none"},
    {"quota", "quota", "none"},      {"feedback", "quota", "none", true},
};

// The service that an option such as "napi" or "quota:10" names: after the colon comes the limit that
// it is known for, 0 for none.
struct ServiceOption {
    const ServiceName* name = nullptr;
    std::string_view limit;
};

inline ServiceOption service_option(const CommandLine& options) {
    const std::string_view option = options.text("service", "napi");
    for (const ServiceName& known : kServiceNames) {
        if (!option.starts_with(known.option)) continue;
        std::string_view rest = option;
        rest.remove_prefix(known.option.size());
        if (rest.empty()) return {&known, rest};
        if (!rest.starts_with(':')) continue;
        rest.remove_prefix(1);
        return {&known, rest};
    }
    reject("service", option,
           "poll, clocked, interrupt, static, adaptive, dim, napi, hybrid, quota, feedback");
}

inline uint32_t own_number(std::string_view text) {
    uint32_t number = 0;
    for (const char c : text) {
        if (c < '0' || c > '9' || number > 99'999'999) reject("service", text, "the numbers");
        number = number * 10 + static_cast<uint32_t>(c - '0');
    }
    return number;
}

inline Service& make_service(const CommandLine& options, std::span<Interface* const> interfaces,
                             NetworkStack& stack) {
    const auto [name, own_limit] = service_option(options);
    const std::string_view way = options.text("interrupt", "line");
    if (way != "line" && way != "message") reject("interrupt", way, "line, message");
    const InterruptDriven::Setup setup = {
        way == "line" ? NetworkDevice::InterruptBy::kLine : NetworkDevice::InterruptBy::kMessage,
        make_moderation(options, name->moderation)};

    // 0 stands for no limit. `mine` is the one that the service's name may have with it.
    const auto limit = [&](std::string_view key, uint32_t fallback, bool mine = true) {
        const bool named = mine && !own_limit.empty();
        const uint32_t number = named ? own_number(own_limit) : options.number(key, fallback);
        return number != 0 ? number : kUnlimited;
    };
    if (name->service == "poll") return make<BusyPolling>(interfaces, stack, limit("budget", 64));
    if (name->service == "clocked") return make<Clocked>(interfaces, stack, limit("budget", 0));
    if (name->service == "classic") {
        return make<Classic>(interfaces, stack, setup, limit("backlog", Classic::kDefaultBacklog));
    }
    if (name->service == "quota") {
        return make<Quota>(interfaces, stack, setup, limit("quota", 10));
    }
    if (name->service == "hybrid") {
        return make<Hybrid>(interfaces, stack, setup,
                            Hybrid::Limits{.budget = limit("budget", 64),
                                           .threshold = options.number("threshold", 10),
                                           .spins = options.number("spins", 200)});
    }
    return make<Napi>(interfaces, stack, setup,
                      Napi::Limits{.weight = limit("weight", 64), .budget = limit("budget", 300, false)});
}

}  // namespace guest

#endif
