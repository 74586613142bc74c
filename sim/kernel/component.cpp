// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/component.h"

namespace sb {

Component::Component(Simulation& sim, const std::string& name)
    : sc_core::sc_module{sc_core::sc_module_name{name.c_str()}}, sim_{sim} {
    sim_.adopt(*this);
}

Component::~Component() { sim_.forget(*this); }

void Component::declare_state(std::string name, std::function<void(Archive&)> visit) {
    state_.push_back({std::move(name), std::move(visit)});
}

void Component::archive(Archive& archive) {
    Archive::Scope scope{archive, path()};
    for (Item& item : state_) item.visit(archive);
}

}  // namespace sb
