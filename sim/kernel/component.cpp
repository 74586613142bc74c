// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/component.h"

namespace sb {

Component::Component(Simulation& sim, const std::string& name)
    : sc_core::sc_module{sc_core::sc_module_name{name.c_str()}}, sim_{sim}, domain_{sim.domain()} {
    sim_.adopt(*this);
}

Component::~Component() { sim_.forget(*this); }

std::string Component::path_of(const std::string& name) const {
    return domain_.name.empty() ? name : domain_.name + "." + name;
}

void Component::declare_state(std::string name, std::function<void(Archive&)> visit) {
    // Two items of one name would overwrite each other in an archive: a fault of the declaration.
    for (const Item& item : state_)
        if (item.name == name) throw Error(path() + ": state \"" + name + "\" is declared twice");
    state_.push_back({std::move(name), std::move(visit)});
}

void Component::archive(Archive& archive) {
    Archive::Scope scope{archive, path()};
    for (Item& item : state_) item.visit(archive);
}

}  // namespace sb
