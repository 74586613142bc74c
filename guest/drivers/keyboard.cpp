// SPDX-License-Identifier: Apache-2.0
//
// Commands and bits as in the IBM PS/2 Hardware Interface Technical Reference, "Keyboard and
// Auxiliary Device Controller" and "101- and 102-Key Keyboards".
#include "drivers/keyboard.h"

#include <optional>

#include "drivers/scan_codes.h"
#include "runtime/clock.h"
#include "runtime/interrupts.h"
#include "runtime/io.h"

namespace guest::keyboard {
namespace {

constexpr uint16_t kData = 0x60;     // To and from the keyboard, and operands of commands.
constexpr uint16_t kStatus = 0x64;   // When read.
constexpr uint16_t kCommand = 0x64;  // When written: to the controller.

constexpr uint8_t kOutputBufferFull = 1 << 0;  // Of the status: there is a byte to read.
constexpr uint8_t kInputBufferFull = 1 << 1;   // It has not taken what was written last.
constexpr uint8_t kNothingThere = 0xff;

enum class ControllerCommand : uint8_t {
    kWriteCommandByte = 0x60,
    kDisableAuxiliary = 0xa7,
    kSelfTest = 0xaa,
    kTestKeyboardLine = 0xab,
    kDisableKeyboard = 0xad,
    kEnableKeyboard = 0xae,
};
constexpr uint8_t kSelfTestPassed = 0x55;
constexpr uint8_t kLineIsGood = 0x00;

namespace command_byte {
constexpr uint8_t kKeyboardInterrupt = 1 << 0;
constexpr uint8_t kSystemFlag = 1 << 2;  // The self test has passed.
constexpr uint8_t kAuxiliaryDisabled = 1 << 5;
constexpr uint8_t kTranslate = 1 << 6;  // The keyboard sends set 2; make it set 1.
}  // namespace command_byte

enum class KeyboardCommand : uint8_t { kEnable = 0xf4, kReset = 0xff };
constexpr uint8_t kAcknowledge = 0xfa;
constexpr uint8_t kTestPassed = 0xaa;

constexpr uint32_t kWaitSeconds = 1;  // The keyboard's test takes up to 0.5 s.

constinit CharacterQueue* typed = nullptr;
constinit ScanCodeDecoder decoder;

std::optional<uint8_t> receive() {
    clock::PollLimit limit(kWaitSeconds);
    while (!(read_port8(kStatus) & kOutputBufferFull)) {
        if (limit.over()) return std::nullopt;
    }
    return read_port8(kData);
}

bool send(uint16_t port, uint8_t byte) {
    clock::PollLimit limit(kWaitSeconds);
    while (read_port8(kStatus) & kInputBufferFull) {
        if (limit.over()) return false;
    }
    write_port8(port, byte);
    return true;
}

bool send(ControllerCommand command) { return send(kCommand, static_cast<uint8_t>(command)); }
bool send(KeyboardCommand command) { return send(kData, static_cast<uint8_t>(command)); }

// Throws away what was typed before; a handful of bytes at most.
void empty_output_buffer() {
    for (int i = 0; i < 32 && (read_port8(kStatus) & kOutputBufferFull); ++i) read_port8(kData);
}

OpenError reset_controller() {
    if (read_port8(kStatus) == kNothingThere) return OpenError::kNoController;
    send(ControllerCommand::kDisableKeyboard);
    send(ControllerCommand::kDisableAuxiliary);
    empty_output_buffer();
    if (!send(ControllerCommand::kSelfTest) || receive() != kSelfTestPassed) {
        return OpenError::kControllerBroken;
    }
    if (!send(ControllerCommand::kTestKeyboardLine) || receive() != kLineIsGood) {
        return OpenError::kNoKeyboard;
    }
    using namespace command_byte;
    send(ControllerCommand::kWriteCommandByte);
    send(kData, kKeyboardInterrupt | kSystemFlag | kAuxiliaryDisabled | kTranslate);
    send(ControllerCommand::kEnableKeyboard);
    return OpenError::kNone;
}

OpenError reset_keyboard() {
    if (!send(KeyboardCommand::kReset) || receive() != kAcknowledge || receive() != kTestPassed) {
        return OpenError::kNoKeyboard;
    }
    if (!send(KeyboardCommand::kEnable) || receive() != kAcknowledge) {
        return OpenError::kNoKeyboard;
    }
    return OpenError::kNone;
}

void on_interrupt(InterruptFrame&, void*) {
    if (!(read_port8(kStatus) & kOutputBufferFull)) return;
    const char character = decoder.decode(read_port8(kData));
    if (character != '\0') typed->put(character);
}

}  // namespace

OpenError open(CharacterQueue& queue) {
    typed = &queue;
    if (const OpenError error = reset_controller(); error != OpenError::kNone) return error;
    if (const OpenError error = reset_keyboard(); error != OpenError::kNone) return error;
    attach_irq(irq::kKeyboard, on_interrupt);
    // A key pressed meanwhile would hold the line high for good, with no edge to come.
    empty_output_buffer();
    return OpenError::kNone;
}

}  // namespace guest::keyboard
