// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_TRANSFER_MODE_H
#define GUEST_DRIVERS_TRANSFER_MODE_H

// How fast, and by which protocol, a drive and its controller move data: "pio4", "mwdma2", "udma5".

#include <cstdint>
#include <optional>
#include <string_view>

namespace guest {

struct TransferMode {
    enum class Kind : uint8_t { kPio, kMultiwordDma, kUltraDma };

    Kind kind = Kind::kPio;
    uint8_t number = 0;  // PIO 0-4, multiword DMA 0-2, Ultra DMA 0-5.
};

constexpr const char* kind_name(TransferMode::Kind kind) {
    constexpr const char* kNames[] = {"pio", "mwdma", "udma"};
    return kNames[static_cast<uint8_t>(kind)];
}

constexpr uint8_t highest_number(TransferMode::Kind kind) {
    constexpr uint8_t kHighest[] = {4, 2, 5};
    return kHighest[static_cast<uint8_t>(kind)];
}

// Nothing where `text` names no mode that exists.
constexpr std::optional<TransferMode> parse_transfer_mode(std::string_view text) {
    for (const auto kind : {TransferMode::Kind::kPio, TransferMode::Kind::kMultiwordDma,
                            TransferMode::Kind::kUltraDma}) {
        const std::string_view name = kind_name(kind);
        if (!text.starts_with(name) || text.size() != name.size() + 1) continue;
        const uint8_t number = static_cast<uint8_t>(text.back() - '0');
        if (number <= highest_number(kind)) return TransferMode{kind, number};
    }
    return std::nullopt;
}

}  // namespace guest

#endif
