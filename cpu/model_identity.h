// SPDX-License-Identifier: Apache-2.0
//
// The [model] table of a timing file.
#pragma once

#include <toml++/toml.h>
#include <string>

#include "cpu/timing.h"

namespace sb::cpu {

/// Throws the `Error` that names the file and, where there is one, the line.
[[noreturn]] void refuse(const std::string& source, const toml::node* at, const std::string& what);
void read_identity(Model& model, const toml::table& table, const std::string& source);

}  // namespace sb::cpu
