// SPDX-License-Identifier: Apache-2.0
//
// A machine's whole state as named values: written by visiting every component's declared state,
// and read back by the same visit, so that saving and loading can not drift apart. A component
// declares its state once (`Component::declare_state`, registers, `State<T>`, timers) and writes no
// save or load function.
//
// Values are stored by path ("pic.master.IRR"), in the host's byte order. Loading checks names and
// sizes: an archive that does not fit the machine throws `Error`, and says which value.
#pragma once

#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "sim/kernel/time.h"

namespace sb {

class Timer;

class Archive {
  public:
    enum class Mode { save, load };

    explicit Archive(Mode mode) : mode_{mode} {}
    /// Loads from a serialised archive; throws `Error` where the bytes are not one.
    static Archive parse(std::span<const uint8_t> bytes);
    std::vector<uint8_t> serialise() const;

    bool loading() const { return mode_ == Mode::load; }

    /// Visits one value of trivially copyable type.
    template <typename T>
    void value(std::string_view name, T& v) {
        static_assert(std::is_trivially_copyable_v<T>);
        fixed(name, {reinterpret_cast<uint8_t*>(&v), sizeof v});
    }
    /// Visits bytes whose number is a property of the machine, not of its state.
    void fixed(std::string_view name, std::span<uint8_t> bytes);
    /// Visits bytes of which only the parts that are not zero are stored (memories).
    void sparse(std::string_view name, std::span<uint8_t> bytes);
    /// Visits a byte string of varying length, at most `limit` bytes.
    void blob(std::string_view name, std::vector<uint8_t>& bytes, size_t limit);
    void timer(Timer& timer);

    /// Names nest: values visited while a Scope lives are stored below its name.
    class Scope {
      public:
        Scope(Archive& archive, std::string_view name);
        ~Scope();

      private:
        Archive& archive_;
        size_t length_;
    };

  private:
    std::string path(std::string_view name) const { return prefix_ + std::string{name}; }
    const std::vector<uint8_t>& stored(const std::string& path) const;

    Mode mode_;
    std::string prefix_;
    std::map<std::string, std::vector<uint8_t>> values_;
};

}  // namespace sb
