// SPDX-License-Identifier: Apache-2.0
#include "bus/board.h"

#include "bus/device.h"

namespace sb::bus {

Line& Board::line(const std::string& name) {
    auto& slot = lines_[name];
    if (!slot) slot = std::make_unique<Line>(stream, name);
    return *slot;
}

DeviceModels& DeviceModels::instance() {
    static DeviceModels models;
    return models;
}

void DeviceModels::add(const DeviceModel& model) {
    // In a scenario the key `device` names the model, so no model may have a setting of that name.
    for (const Key& key : model.keys)
        if (key.name == "device") throw Error(model.name + ": a setting can not be called \"device\"");
    if (!find(model.name)) all_.push_back(&model);
}

const DeviceModel* DeviceModels::find(const std::string& name) const {
    for (const DeviceModel* model : all_)
        if (model->name == name) return model;
    return nullptr;
}

}  // namespace sb::bus
