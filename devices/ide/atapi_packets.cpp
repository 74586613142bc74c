// SPDX-License-Identifier: Apache-2.0
//
// The packet commands of a CD-ROM drive: SPC-2 (T10/1236D) for those that all devices have, MMC-3
// (T10/1363D) and SFF-8020i for the others. [Layouts from memory.]
#include <algorithm>

#include <fmt/format.h>

#include "devices/ide/atapi_cdrom.h"

namespace sb::devices {
namespace {

using Bytes = std::vector<uint8_t>;

/// Appends a number, most significant byte first.
void append(Bytes& bytes, uint64_t value, unsigned count) {
    uint64_t unit = 1;
    for (unsigned i = 1; i < count; ++i) unit *= 256;
    for (; count > 0; --count, unit /= 256)
        bytes.push_back(static_cast<uint8_t>(value / unit % 256));
}

void append_text(Bytes& bytes, std::string text, size_t size) {
    text.resize(size, ' ');
    bytes.insert(bytes.end(), text.begin(), text.end());
}

/// Minutes, seconds and frames of a block, from 00:02:00 on.
void append_address(Bytes& bytes, uint64_t block, bool as_time) {
    if (!as_time) return append(bytes, block, 4);
    const uint64_t frame = block + 150;
    for (uint64_t value : {uint64_t{0}, frame / 75 / 60, frame / 75 % 60, frame % 75})
        bytes.push_back(static_cast<uint8_t>(value));
}

}  // namespace

const AtapiCdrom::Packet* AtapiCdrom::find_packet(uint8_t opcode) {
    using D = AtapiCdrom;
    static constexpr Packet table[]{
        {0x00, "TEST UNIT READY", false, &D::test_unit_ready},
        {0x03, "REQUEST SENSE", true, &D::request_sense},
        {0x12, "INQUIRY", true, &D::inquiry},
        {0x1b, "START STOP UNIT", false, &D::start_stop},
        {0x1e, "PREVENT ALLOW MEDIUM REMOVAL", false, &D::prevent_removal},
        {0x25, "READ CAPACITY", false, &D::read_capacity},
        {0x28, "READ(10)", false, &D::read_10},
        {0x43, "READ TOC", false, &D::read_toc},
        {0x46, "GET CONFIGURATION", true, &D::get_configuration},
        {0x4a, "GET EVENT STATUS NOTIFICATION", true, &D::get_event_status},
        {0x5a, "MODE SENSE(10)", false, &D::mode_sense},
        {0xa8, "READ(12)", false, &D::read_12},
        {0xbd, "MECHANISM STATUS", false, &D::mechanism_status}};
    for (const Packet& packet : table)
        if (packet.opcode == opcode) return &packet;
    return nullptr;
}

void AtapiCdrom::execute() {
    constexpr uint8_t request_sense = 0x03;
    ++packets_;
    executed_ = true;
    position_ = staged_ = 0;
    const Packet* packet = find_packet(code(0));
    if (code(0) != request_sense) sense_ = Sense{0, 0, 0};
    if (attention_ && !(packet && packet->in_attention)) {
        attention_ = false;
        fail_packet({0x06, 0x29, 0x00});  // unit attention: power on or reset
    } else if (!packet) {
        finding("a packet command that the drive does not know was sent",
                [&] { return fmt::format("command {:#04x}", code(0)); });
        fail_packet({0x05, 0x20, 0x00});  // invalid command operation code
    } else {
        (this->*packet->run)();
    }
    // A read waits for the disc first.
    if (phase_ == Phase::executing && !work_.armed()) next_data();
}

void AtapiCdrom::fail_packet(Sense sense) {
    constexpr uint8_t illegal_request = 0x05;
    sense_ = sense;
    checked_ = true;
    left_ = 0;
    task_.error.set(sense.key * 16u + (sense.key == illegal_request ? task_.abort.make() : 0));
}

uint64_t AtapiCdrom::number(unsigned at, unsigned bytes) const {
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; ++i) value = value * 256 + code(at + i);
    return value;
}

/// Answers with these bytes, or as many of them as the host has room for.
void AtapiCdrom::respond(Bytes bytes, uint64_t allocated) {
    if (bytes.size() > allocated) bytes.resize(allocated);
    buffer_ = {};
    std::copy(bytes.begin(), bytes.end(), buffer_.ref().begin());
    staged_ = static_cast<uint32_t>(by_dma_ ? (bytes.size() + 1) / 2 * 2 : bytes.size());
}

bool AtapiCdrom::ready() {
    if (store_) return true;
    fail_packet({0x02, 0x3a, 0x00});  // not ready: medium not present
    return false;
}

void AtapiCdrom::test_unit_ready() { ready(); }

void AtapiCdrom::request_sense() {
    Sense sense = sense_;
    if (attention_ && sense.key == 0) {
        sense = {0x06, 0x29, 0x00};
        attention_ = false;
    }
    Bytes bytes{0x70, 0, sense.key, 0, 0, 0, 0, 10, 0, 0, 0, 0, sense.code, sense.qualifier};
    bytes.resize(18);
    sense_ = Sense{0, 0, 0};
    respond(bytes, code(4));
}

void AtapiCdrom::inquiry() {
    if (number(1, 2) != 0) return fail_packet({0x05, 0x24, 0x00});  // invalid field: no pages
    // CD-ROM, removable, no SPC version (ATAPI), response format 2, 31 bytes follow.
    Bytes bytes{0x05, 0x80, 0x00, 0x32, 31, 0, 0, 0};
    append_text(bytes, "SB", 8);
    append_text(bytes, "ATAPI CD-ROM", 16);
    append_text(bytes, "1.0", 4);
    respond(bytes, code(4));
}

/// The tray stays shut: an eject succeeds without effect, unless removal is prevented.
void AtapiCdrom::start_stop() {
    constexpr uint8_t eject = 2;
    if (code(4) % 4 == eject && locked_) fail_packet({0x05, 0x53, 0x02});  // removal prevented
}

void AtapiCdrom::prevent_removal() { locked_ = code(4) % 2 != 0; }

void AtapiCdrom::read_capacity() {
    if (!ready()) return;
    Bytes bytes;
    append(bytes, std::max<uint64_t>(1, blocks()) - 1, 4);
    append(bytes, block_size, 4);
    respond(bytes, bytes.size());
}

void AtapiCdrom::read_10() { read_blocks(number(2, 4), number(7, 2)); }
void AtapiCdrom::read_12() { read_blocks(number(2, 4), number(6, 4)); }

void AtapiCdrom::read_blocks(uint64_t block, uint64_t count) {
    if (!ready() || count == 0) return;
    if (block >= blocks() || count > blocks() - block)
        return fail_packet({0x05, 0x21, 0x00});  // logical block address out of range
    if (block == next_)
        available_ = std::max(available_.get(), now());
    else
        available_ = now() + seek_time_ + sector_time_;
    next_ = block;
    left_ = static_cast<uint32_t>(count);
    if (available_.get() > now()) begin(Phase::executing, available_.get() - now());
}

/// One data track, and the lead-out AAh; or the one session.
void AtapiCdrom::read_toc() {
    constexpr uint8_t lead_out = 0xaa, data_track = 0x14;
    constexpr uint8_t formats = 4, high_bits = 64;
    if (!ready()) return;
    const bool as_time = code(1) / 2 % 2 != 0;
    // The format is in byte 2; old drivers give it in the top bits of byte 9.
    const unsigned format = code(2) % 16 != 0 ? code(2) % 16u : code(9) / high_bits % formats;
    const uint8_t first = code(6);
    Bytes bytes{1, 1};
    auto track = [&](uint8_t number, uint64_t block) {
        bytes.insert(bytes.end(), {0, data_track, number, 0});
        append_address(bytes, block, as_time);
    };
    if (format == 0) {
        if (first > 1 && first != lead_out) return fail_packet({0x05, 0x24, 0x00});
        if (first <= 1) track(1, 0);
        track(lead_out, blocks());
    } else if (format == 1) {
        track(1, 0);
    } else {
        return fail_packet({0x05, 0x24, 0x00});
    }
    Bytes whole;
    append(whole, bytes.size(), 2);
    whole.insert(whole.end(), bytes.begin(), bytes.end());
    respond(whole, number(7, 2));
}

/// The profile CD-ROM, and the features that it must have.
void AtapiCdrom::get_configuration() {
    constexpr uint64_t profile_cdrom = 0x0008;
    const uint64_t current = store_ ? profile_cdrom : 0;
    Bytes features{0x00, 0x00, 0x03, 4};  // profile list
    append(features, profile_cdrom, 2);
    features.insert(features.end(), {static_cast<uint8_t>(store_.has_value()), 0});
    features.insert(features.end(), {0x00, 0x01, 0x03, 4, 0, 0, 0, 2});     // core: ATAPI
    features.insert(features.end(), {0x00, 0x03, 0x03, 4, 0x29, 0, 0, 0});  // removable, tray
    features.insert(features.end(), {0x00, 0x10, static_cast<uint8_t>(store_.has_value()), 8});
    append(features, block_size, 4);  // random readable
    features.insert(features.end(), {0, 1, 0, 0});
    Bytes whole;
    append(whole, features.size() + 4, 4);
    append(whole, current, 4);
    whole.insert(whole.end(), features.begin(), features.end());
    respond(whole, number(7, 2));
}

/// Polled only; the media class alone is known, and nothing ever happens to the disc.
void AtapiCdrom::get_event_status() {
    constexpr uint8_t media_class = 4, media_asked = 16;
    if (code(1) % 2 == 0) return fail_packet({0x05, 0x24, 0x00});
    if (code(4) / media_asked % 2 == 0) return respond({0, 2, 0x80, media_asked}, number(7, 2));
    respond({0, 6, media_class, media_asked, 0, static_cast<uint8_t>(store_ ? 2 : 0), 0, 0},
            number(7, 2));
}

void AtapiCdrom::mode_sense() {
    constexpr unsigned error_recovery = 0x01, capabilities = 0x2a, all = 0x3f;
    const unsigned page = code(2) % 64;
    Bytes pages;
    if (page == error_recovery || page == all)
        pages.insert(pages.end(), {error_recovery, 6, 0, 5, 0, 0, 0, 0});
    if (page == capabilities || page == all) {
        // Reads nothing but data discs; locks, ejects from a tray; speeds in KB/s (176.4 each).
        pages.insert(pages.end(), {capabilities, 18, 0, 0, 0x00, 0x00, 0x29, 0x00});
        const uint64_t speed = Time::s(1) / sector_time_ * 2352 / 1000;
        append(pages, speed, 2);
        append(pages, 0, 2);
        append(pages, 128, 2);
        append(pages, speed, 2);
        append(pages, 0, 4);
    }
    if (pages.empty()) return fail_packet({0x05, 0x24, 0x00});
    Bytes whole;
    append(whole, pages.size() + 6, 2);
    whole.push_back(store_ ? 0x01 : 0x70);  // medium: 120 mm data disc, or none
    whole.resize(8);
    whole.insert(whole.end(), pages.begin(), pages.end());
    respond(whole, number(7, 2));
}

void AtapiCdrom::mechanism_status() { respond({0, 0, 0, 0, 0, 1, 0, 0}, number(8, 2)); }

}  // namespace sb::devices
