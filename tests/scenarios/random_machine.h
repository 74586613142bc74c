// SPDX-License-Identifier: Apache-2.0
//
// Random machines: the text of a scenario from a seed. All of it is legal, and all of it ends: no
// master asks for the bus for ever (no cyclic chains), time division gives each master a slot, and
// where DMA is transparent, so that a processor without pauses starves the engines, the guest
// sleeps until an interrupt comes instead of polling.
#pragma once

#include <cstdint>
#include <string>

namespace sb::test {

std::string random_machine(uint64_t seed);

}  // namespace sb::test
