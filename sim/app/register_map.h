// SPDX-License-Identifier: Apache-2.0
//
// Printed from the declarations: the device models, one model's settings and registers with their
// fields, and the keys of a scenario.
#pragma once

#include <string>

namespace sb::app {

std::string model_list();
/// Throws `Error` where there is no such model, with the nearest one.
std::string register_map(const std::string& model);
/// The keys of one table or model; of all tables where `table` is empty.
std::string key_list(const std::string& table);

}  // namespace sb::app
