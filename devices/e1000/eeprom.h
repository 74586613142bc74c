// SPDX-License-Identifier: Apache-2.0
//
// The EEPROM, a 93C46 (64 words of 16 bits), and the two ways to it. Sources: the manual, 5.3
// to 5.6, 13.4.3 (EECD), 13.4.4 (EERD); Microchip 93C46B (DS21172), instruction set and timing.
//
// EERD: a write with START reads a word by itself; DONE and the data are there `read_time` later.
// The manual has no figure: 27 clocks of a read at the part's 1 MHz are taken (27 us).
//
// EECD: software drives the four wires of the Microwire bus. What is written takes effect at once:
// driving it as fast as it likes is not a finding. Software asks for the wires by REQ and has them
// (GNT) at once. Instructions: READ (with sequential reading on), WRITE, ERASE, WRAL, ERAL, EWEN,
// EWDS. Programming takes no time: the part is ready when it is selected again.
//
// Words: 0 to 2 the Ethernet address, 0Ah and 0Fh initialization control, 0Bh to 0Eh subsystem and
// device, and 3Fh so that the sum of all is BABAh.
#pragma once

#include <array>

#include "devices/e1000/chip.h"

namespace sb::devices::e1000 {

class Eeprom {
  public:
    static constexpr uint32_t words = 64;
    Eeprom(const Chip& chip, uint64_t mac, Time read_time);

    uint16_t word(uint32_t at) const { return contents_.get()[at % words]; }
    /// The registers' state only: the contents stay.
    void reset();

  private:
    enum class Phase : uint8_t { start, command, read, write, done };

    void wires_written(uint64_t written);
    void clock_rises(bool in);
    void command_complete();
    void program();
    void read_written(uint64_t written);

    Chip chip_;
    const Time read_time_;
    State<std::array<uint16_t, words>> contents_;

    bus::Register eecd_;
    bus::Field clock_{eecd_, "SK", 0, "clock"};
    bus::Field select_{eecd_, "CS", 1, "chip select"};
    bus::Field in_{eecd_, "DI", 2, "data to the EEPROM"};
    bus::Field out_{eecd_, "DO", 3, "data from the EEPROM", ro};
    bus::Field flash_{eecd_, "FWE", 5, 4, "flash write enable"};
    bus::Field request_{eecd_, "EE_REQ", 6, "software wants the wires"};
    bus::Field grant_{eecd_, "EE_GNT", 7, "software has them", ro};
    bus::Field present_{eecd_, "EE_PRES", 8, "there is an EEPROM", ro};
    bus::Field size_{eecd_, "EE_SIZE", 9, "0: 64 words", ro};
    bus::Register eerd_;
    bus::Field start_{eerd_, "START", 0, "read a word", wo};
    bus::Field done_{eerd_, "DONE", 4, "the data is there", ro};
    bus::Field address_{eerd_, "ADDR", 15, 8, "word"};
    bus::Field data_{eerd_, "DATA", 31, 16, "what was read", ro};

    // The 93C46.
    State<Phase> phase_;
    State<bool> selected_;
    State<bool> clock_was_;
    State<uint32_t> shift_;  // bits that have come in
    State<uint32_t> count_;  // how many
    State<uint32_t> at_;     // the word that is read or written
    State<bool> all_;        // all words are written
    State<bool> writable_;   // between EWEN and EWDS
    Timer read_timer_;
};

}  // namespace sb::devices::e1000
