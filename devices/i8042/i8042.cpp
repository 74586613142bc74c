// SPDX-License-Identifier: Apache-2.0
#include "devices/i8042/i8042.h"

#include "bus/isa.h"

namespace sb::devices {
namespace {

constexpr uint64_t frame_bits = 11;
constexpr Time pulse_time = Time::us(6);    // AT Technical Reference, commands F0h to FFh
constexpr Time aux_timeout = Time::ms(15);  // [from memory]

constexpr uint8_t test_passed = 0x55, no_fault = 0x00, no_password = 0xf1, resend = 0xfe;
constexpr uint8_t break_prefix = 0xf0, set1_break = 0x80;
// As firmware leaves it: interrupt, system flag and translation on, auxiliary device off.
constexpr uint8_t command_byte_of_firmware = 0x65;

bus::Register::Spec spec(const char* name, bus::Access access, uint64_t reset, const char* doc,
                         const char* effect = "", uint32_t offset = 0) {
    return {.name = name,
            .offset = offset,
            .bits = 8,
            .access = access,
            .reset = reset,
            .doc = doc,
            .effect = effect};
}

std::vector<Key> keys() {
    return {bus::port_key("data_port", "0x60", "the data port"),
            bus::port_key("command_port", "0x64", "the command and status port"),
            {"keyboard_clock",
             ValueType::frequency,
             "12.5kHz",
             "bit clock of the keyboard's serial link",
             {},
             10'000,
             16'700},
            {"processing_time",
             ValueType::duration,
             "10us",
             "from a write until the controller has taken it (no published figure)",
             {},
             0,
             1'000'000'000'000},
            {"response_time",
             ValueType::duration,
             "1ms",
             "from a command's arrival until the keyboard replies (at most 20 ms)",
             {},
             0,
             20'000'000'000},
            {"self_test_time",
             ValueType::duration,
             "500ms",
             "the keyboard's self test after power-on and FFh (300 ms to 9 s)",
             {},
             0,
             9'000'000'000'000},
            {"type_interval",
             ValueType::duration,
             "5ms",
             "least time between two key events that are typed from outside",
             {},
             0,
             10'000'000'000'000},
            {"handoff",
             ValueType::choice,
             "none",
             "state at reset: of the hardware, or enabled and translating as firmware leaves it",
             {"none", "firmware"}},
            bus::isa_access_time()};
}

}  // namespace

const bus::DeviceModel i8042{
    "i8042", "8042 keyboard controller and keyboard",
    "IBM PC/AT (1502494) and PS/2 Hardware Interface Technical References", keys(),
    [](const bus::DeviceContext& c) { return std::make_unique<I8042>(c); }};
SOUTHBRIDGE_DEVICE(i8042)

I8042::I8042(const bus::DeviceContext& context)
    : Device{context},
      processing_time_{context.config.duration("processing_time")},
      frame_time_{context.config.clock("keyboard_clock").cycles(frame_bits)},
      firmware_was_here_{context.config.text("handoff") == "firmware"},
      data_bank_{
          *this,
          {.name = "data", .size = 1, .access_time = context.config.duration("access_time")}},
      output_{data_bank_,
              spec("OUTPUT", bus::ro, 0, "a byte for the host", "empties the output buffer"),
              {.read = [this] { return read_output(); }}},
      input_{data_bank_,
             spec("INPUT", bus::wo, 0, "a byte for the keyboard, or a command's parameter",
                  "fills the input buffer"),
             {.write = [this](uint64_t v) { written(false, v); }}},
      command_bank_{
          *this,
          {.name = "command", .size = 1, .access_time = context.config.duration("access_time")}},
      status_{command_bank_, spec("STATUS", bus::ro, 0x10, "state of both buffers")},
      command_{
          command_bank_,
          spec("COMMAND", bus::wo, 0, "a command for the controller", "fills the input buffer"),
          {.write = [this](uint64_t v) { written(true, v); }}},
      layouts_{*this, {.name = "layouts", .size = 5}},
      command_byte_{layouts_,
                    spec("COMMAND_BYTE", bus::rw, 0x30, "command byte (20h, 60h)", "", 0)},
      outputs_{layouts_, spec("OUTPUT_PORT", bus::rw, 0xcf, "output port (D0h, D1h)", "", 1)},
      inputs_{layouts_, spec("INPUT_PORT", bus::ro, 0xb3, "input port (C0h)", "", 2)},
      pulse_{layouts_, spec("PULSE", bus::rw, 0, "commands F0h to FFh", "", 3)},
      address_{layouts_, spec("MEMORY", bus::rw, 0, "commands 20h to 7Fh", "", 4)},
      keyboard_{*this,
                {.response = context.config.duration("response_time"),
                 .self_test = context.config.duration("self_test_time"),
                 .type_interval = context.config.duration("type_interval")},
                [this] { pump(); }} {
    bus::Board& board = context.board;
    irq_.connect(board.line("irq1"));
    aux_irq_.connect(board.line("irq12"));
    a20_pin_.connect(board.line("a20"));
    reset_pin_.connect(board.line("reset"));
    board.offer<bus::Keyboard>("keyboard", keyboard_);
    bus::claim_ports(context, data_bank_, context.config.integer("data_port"));
    bus::claim_ports(context, command_bank_, context.config.integer("command_port"));
}

void I8042::reset() {
    Device::reset();
    work_.cancel();
    pulse_end_.cancel();
    activity_ = Activity::idle;
    memory_ = {};
    awaiting_ = 0;
    broken_ = false;
    if (firmware_was_here_) command_byte_ = command_byte_of_firmware;
    system_ = system_flag_;
    keyboard_.power_on(firmware_was_here_);
    update();
}

// ---- The host's side

void I8042::written(bool command, uint64_t value) {
    if (input_full_)
        finding(
            "the keyboard controller was written while its input buffer was full: the byte "
            "before is lost");
    input_full_ = 1;
    was_command_ = command;
    taken_ = static_cast<uint8_t>(value);
    pump();
}

uint64_t I8042::read_output() {
    output_full_ = aux_full_ = 0;
    timeout_ = 0;
    update();
    pump();
    return output_;
}

void I8042::put(uint8_t byte, bool aux) {
    if (output_full_)
        finding(
            "the keyboard controller answered while its output buffer was full: the byte in "
            "it is lost");
    output_ = byte;
    output_full_ = 1;
    aux_full_ = aux;
    update();
}

void I8042::update() {
    const bool keyboard = output_full_ && !aux_full_ && interrupt_;
    const bool aux = output_full_ && aux_full_ && aux_interrupt_;
    out_interrupt_ = keyboard;
    out_aux_interrupt_ = aux;
    irq_.set(keyboard);
    aux_irq_.set(aux);
    a20_pin_.set(a20_ != 0);
    reset_pin_.set(!run_ || pulse_end_.armed());
}

// ---- The microcode

/// Begins what is to be done next.
void I8042::pump() {
    if (activity_ != Activity::idle) return;
    if (input_full_) {
        activity_ = Activity::executing;
        work_.arm_after(processing_time_);
    } else if (!keyboard_off_ && !output_full_ && keyboard_.has_byte()) {
        activity_ = Activity::receiving;
        work_.arm_after(frame_time_);
    }
}

void I8042::work_due() {
    const Activity ended = activity_;
    activity_ = Activity::idle;
    if (ended == Activity::executing) execute();
    if (ended == Activity::receiving) deliver(keyboard_.take());
    if (ended == Activity::sending) keyboard_.receive(taken_);
    if (ended == Activity::waiting_for_aux) {
        timeout_ = 1;
        put(resend, true);
    }
    pump();
}

/// A byte has come from the keyboard.
void I8042::deliver(uint8_t byte) {
    ++bytes_;
    if (!translate_) return put(byte);
    if (byte == break_prefix) {
        broken_ = true;
        return;
    }
    byte = translate(byte);
    put(static_cast<uint8_t>(broken_ ? byte | set1_break : byte));
    broken_ = false;
}

const I8042::Command* I8042::find(uint8_t code) {
    using C = I8042;
    static constexpr Command commands[]{{0x20, 0x3f, false, &C::read_memory},
                                        {0x60, 0x7f, true, &C::write_memory},
                                        {0xa4, 0xa4, false, &C::answer_no_password},
                                        {0xa7, 0xa7, false, &C::disable_aux},
                                        {0xa8, 0xa8, false, &C::enable_aux},
                                        {0xa9, 0xa9, false, &C::test_aux},
                                        {0xaa, 0xaa, false, &C::self_test},
                                        {0xab, 0xab, false, &C::test_keyboard},
                                        {0xad, 0xad, false, &C::disable_keyboard},
                                        {0xae, 0xae, false, &C::enable_keyboard},
                                        {0xc0, 0xc0, false, &C::read_inputs},
                                        {0xd0, 0xd0, false, &C::read_outputs},
                                        {0xd1, 0xd1, true, &C::write_outputs},
                                        {0xd2, 0xd2, true, &C::echo_keyboard},
                                        {0xd3, 0xd3, true, &C::echo_aux},
                                        {0xd4, 0xd4, true, &C::send_aux},
                                        {0xe0, 0xe0, false, &C::read_tests},
                                        {0xf0, 0xff, false, &C::pulse}};
    for (const Command& command : commands)
        if (code >= command.first && code <= command.last) return &command;
    return nullptr;
}

void I8042::execute() {
    input_full_ = 0;
    const uint8_t byte = taken_;
    if (was_command_) {
        const Command* command = find(byte);
        awaiting_ = 0;
        if (!command)
            finding("the keyboard controller was given a command that it does not know: ignored");
        else if (command->parameter)
            awaiting_ = byte;
        else
            (this->*command->run)(byte, 0);
    } else if (const Command* command = find(awaiting_)) {
        const uint8_t code = awaiting_;
        awaiting_ = 0;
        (this->*command->run)(code, byte);
    } else {
        // A byte for the keyboard; its clock is released for that, and stays so.
        keyboard_off_ = 0;
        activity_ = Activity::sending;
        work_.arm_after(frame_time_);
    }
    update();
}

// ---- Commands

void I8042::read_memory(uint8_t code, uint8_t) {
    const uint64_t at = address_bits_.of(code);
    put(at == 0 ? static_cast<uint8_t>(command_byte_) : memory_.ref()[at]);
}

void I8042::write_memory(uint8_t code, uint8_t value) {
    const uint64_t at = address_bits_.of(code);
    if (at != 0) {
        memory_.ref()[at] = value;
        return;
    }
    command_byte_ = value;
    system_ = system_flag_;
}

void I8042::answer_no_password(uint8_t, uint8_t) { put(no_password); }
void I8042::disable_aux(uint8_t, uint8_t) { aux_off_ = 1; }
void I8042::enable_aux(uint8_t, uint8_t) { aux_off_ = 0; }
void I8042::test_aux(uint8_t, uint8_t) { put(no_fault); }

/// The command byte and the output port are as at power-on afterwards, save what runs the machine.
void I8042::self_test(uint8_t, uint8_t) {
    command_byte_.set(command_byte_.spec().reset);
    system_flag_ = 1;
    system_ = 1;
    broken_ = false;
    put(test_passed);
}

void I8042::test_keyboard(uint8_t, uint8_t) { put(no_fault); }
void I8042::disable_keyboard(uint8_t, uint8_t) { keyboard_off_ = 1; }
void I8042::enable_keyboard(uint8_t, uint8_t) { keyboard_off_ = 0; }
void I8042::read_inputs(uint8_t, uint8_t) { put(static_cast<uint8_t>(inputs_)); }
void I8042::read_outputs(uint8_t, uint8_t) { put(static_cast<uint8_t>(outputs_)); }

void I8042::write_outputs(uint8_t, uint8_t value) {
    outputs_ = value;
    if (!run_)
        finding(
            "the keyboard controller's output port was written with bit 0 clear: the machine "
            "is held in reset");
}

void I8042::echo_keyboard(uint8_t, uint8_t value) { put(value); }
void I8042::echo_aux(uint8_t, uint8_t value) { put(value, true); }

void I8042::send_aux(uint8_t, uint8_t) {
    aux_off_ = 0;
    activity_ = Activity::waiting_for_aux;
    work_.arm_after(aux_timeout);
}

/// Test inputs: both devices' clock and data lines are idle.
void I8042::read_tests(uint8_t, uint8_t) { put(0x00); }

void I8042::pulse(uint8_t code, uint8_t) {
    if (!pulse_reset_.of(code)) pulse_end_.arm_after(pulse_time);
}

}  // namespace sb::devices
