// SPDX-License-Identifier: Apache-2.0
//
// The keyboard controller of a PC (8042 with the AT's and PS/2's microcode) and its keyboard, at
// ports 60h and 64h. Sources: IBM PC/AT Technical Reference (1502494), "Keyboard Controller"; IBM
// PS/2 Hardware Interface Technical Reference (1988), "Keyboard and Auxiliary Device Controller".
// [Commands and register layouts from memory of both.]
//
// Microcode. The chip does one thing at a time: it carries out what is in the input buffer (that
// takes `processing_time`, then the buffer is free again), receives a byte from the keyboard, or
// sends it one. The input buffer stays full while it is busy. A byte is received only while the
// output buffer is empty and the keyboard's clock is not held (command byte bit 4); until then it
// waits in the keyboard. An answer of the controller itself goes into the output buffer at once: a
// byte that the host has not read is lost, which is a finding.
//
// Link. A frame has 11 bits (start, 8 data, odd parity, stop) at the keyboard's clock, which is 10
// to 16.7 kHz (The Hardware Book, AT Keyboard/Mouse Protocol; PS/2 Hardware Interface Technical
// Reference: 30 to 50 us each half): 880 us at the default of 12.5 kHz. Both ways alike.
//
// Lines: "irq1" and "irq12" while the output buffer holds a byte of theirs and the command byte
// enables it; "a20" while output port bit 1 is set; "reset" while its bit 0 is 0. At power-on the
// port's pins are high, so address line 20 works and the processor is not reset.
//
// No auxiliary device is there: a byte for it (D4h) times out (15 ms [from memory]), which the
// status register reports, with FEh in the output buffer. Left out: the AT's password commands and
// its parity errors.
#pragma once

#include "bus/device.h"
#include "devices/i8042/ps2_keyboard.h"

namespace sb::devices {

class I8042 final : public bus::Device {
  public:
    explicit I8042(const bus::DeviceContext& context);
    void reset() override;

    Ps2Keyboard& keyboard() { return keyboard_; }

  private:
    enum class Activity : uint8_t { idle, executing, receiving, sending, waiting_for_aux };
    struct Command {
        uint8_t first, last;
        bool parameter;  // a byte written to port 60h follows
        void (I8042::*run)(uint8_t code, uint8_t parameter);
    };
    static const Command* find(uint8_t code);

    // Commands.
    void read_memory(uint8_t code, uint8_t);
    void write_memory(uint8_t code, uint8_t value);
    void answer_no_password(uint8_t, uint8_t);
    void disable_aux(uint8_t, uint8_t);
    void enable_aux(uint8_t, uint8_t);
    void test_aux(uint8_t, uint8_t);
    void self_test(uint8_t, uint8_t);
    void test_keyboard(uint8_t, uint8_t);
    void disable_keyboard(uint8_t, uint8_t);
    void enable_keyboard(uint8_t, uint8_t);
    void read_inputs(uint8_t, uint8_t);
    void read_outputs(uint8_t, uint8_t);
    void write_outputs(uint8_t, uint8_t value);
    void echo_keyboard(uint8_t, uint8_t value);
    void echo_aux(uint8_t, uint8_t value);
    void send_aux(uint8_t, uint8_t);
    void read_tests(uint8_t, uint8_t);
    void pulse(uint8_t code, uint8_t);

    void written(bool command, uint64_t value);
    uint64_t read_output();
    void pump();
    void work_due();
    void execute();
    void deliver(uint8_t byte);
    void put(uint8_t byte, bool aux = false);
    void update();

    const Time processing_time_;
    const Time frame_time_;
    const bool firmware_was_here_;

    bus::RegisterBank data_bank_;
    bus::Register output_;
    bus::Register input_;
    bus::RegisterBank command_bank_;
    bus::Register status_;
    bus::Field output_full_{status_, "OBF", 0, "the output buffer holds a byte for the host"};
    bus::Field input_full_{status_, "IBF", 1, "the input buffer is not taken yet: do not write"};
    bus::Field system_{status_, "SYS", 2, "system flag of the command byte"};
    bus::Field was_command_{status_, "A2", 3, "the last write was a command (port 64h)"};
    bus::Field unlocked_{status_, "INH#", 4, "the keyboard is not locked"};
    bus::Field aux_full_{status_, "AUXB", 5, "the output buffer's byte is the auxiliary device's"};
    bus::Field timeout_{status_, "TO", 6, "a device did not answer"};
    bus::Field parity_{status_, "PERR", 7, "a frame had wrong parity (never)"};
    bus::Register command_;

    // Not registers of a port: read and written by commands.
    bus::RegisterBank layouts_;
    bus::Register command_byte_;
    bus::Field interrupt_{command_byte_, "INT", 0, "interrupt on a keyboard byte"};
    bus::Field aux_interrupt_{command_byte_, "INT2", 1, "interrupt on an auxiliary byte"};
    bus::Field system_flag_{command_byte_, "SYS", 2, "shown in STATUS"};
    bus::Field override_{command_byte_, "OVR", 3, "ignore the lock (stored)"};
    bus::Field keyboard_off_{command_byte_, "EN#", 4, "hold the keyboard's clock"};
    bus::Field aux_off_{command_byte_, "EN2#", 5, "hold the auxiliary device's clock"};
    bus::Field translate_{command_byte_, "XLAT", 6, "translate scan code set 2 to set 1"};
    bus::Field reserved_{command_byte_, "RES", 7, "reserved (stored)"};
    bus::Register outputs_;
    bus::Field run_{outputs_, "RC#", 0, "0: reset the processor"};
    bus::Field a20_{outputs_, "A20", 1, "address line 20 works"};
    bus::Field out_aux_data_{outputs_, "DATA2#", 2, "auxiliary data line (stored)"};
    bus::Field out_aux_clock_{outputs_, "CLK2#", 3, "auxiliary clock line (stored)"};
    bus::Field out_interrupt_{outputs_, "IRQ1", 4, "keyboard interrupt", bus::ro};
    bus::Field out_aux_interrupt_{outputs_, "IRQ12", 5, "auxiliary interrupt", bus::ro};
    bus::Field out_clock_{outputs_, "CLK", 6, "keyboard clock line (stored)"};
    bus::Field out_data_{outputs_, "DATA", 7, "keyboard data line (stored)"};
    bus::Register inputs_;
    bus::Field in_data_{inputs_, "DATA", 0, "keyboard data line", bus::ro};
    bus::Field in_aux_data_{inputs_, "DATA2", 1, "auxiliary data line", bus::ro};
    bus::Field in_ram_{inputs_, "RAM", 4, "AT: second 256 KiB on the board enabled", bus::ro};
    bus::Field in_jumper_{inputs_, "JUMPER#", 5, "manufacturing jumper not set", bus::ro};
    bus::Field in_mono_{inputs_, "MONO", 6, "1: monochrome display", bus::ro};
    bus::Field in_unlocked_{inputs_, "LOCK#", 7, "the keyboard is not locked", bus::ro};
    bus::Register pulse_;
    bus::Field pulse_bits_{pulse_, "BITS#", 3, 0, "output port bits that are not pulsed"};
    bus::Field pulse_reset_{pulse_, "RC#", 0, "0: pulse the reset line"};
    bus::Register address_;
    bus::Field address_bits_{address_, "ADDRESS", 4, 0, "of commands 20h to 7Fh: memory address"};

    State<std::array<uint8_t, 32>> memory_{*this, "memory"};  // byte 0 is the command byte
    State<Activity> activity_{*this, "activity", Activity::idle};
    State<uint8_t> taken_{*this, "taken", 0};        // the byte in the input buffer, or being sent
    State<uint8_t> awaiting_{*this, "awaiting", 0};  // command whose parameter comes next, or 0
    State<bool> broken_{*this, "broken", false};     // translation: F0h came before
    Timer work_{*this, "work", [this] { work_due(); }};
    Timer pulse_end_{*this, "pulse_end", [this] { update(); }};
    bus::Pin irq_{*this, "irq"};
    bus::Pin aux_irq_{*this, "aux_irq"};
    bus::Pin a20_pin_{*this, "a20"};
    bus::Pin reset_pin_{*this, "reset"};
    Ps2Keyboard keyboard_;

    Counter bytes_{*this, "bytes", "bytes", "bytes that the keyboard sent"};
};

}  // namespace sb::devices
