// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test_board.h"

#include <cstring>
#include <stdexcept>

namespace sb::test {

Script::Script(bus::ProcessorPort& port, std::function<void(Script&)> body)
    : Component{port.simulation(), "script"},
      body_{std::move(body)},
      memory_{*this, "memory"},
      ports_{*this, "ports"},
      resume_{*this, "resume"} {
    memory_.bind(port.memory_socket());
    ports_.bind(port.port_socket());
    SC_HAS_PROCESS(Script);
    SC_THREAD(thread);
}

void Script::thread() {
    body_(*this);
    simulation().finish({Outcome::Kind::guest_exit, 0, "end of script"});
}

uint64_t Script::access(bus::InitiatorSocket& socket, bool write, uint64_t address, uint64_t v,
                        unsigned bytes) {
    sc_core::sc_time delay = local_.sc();
    uint64_t data = write ? v : 0;
    socket->b_transport(request_.aim(write, address, &data, bytes), delay);
    local_ = Time::from(delay);
    return data;
}

uint64_t Script::in(uint16_t port, unsigned bytes) { return access(ports_, false, port, 0, bytes); }
void Script::out(uint16_t port, uint64_t v, unsigned bytes) {
    access(ports_, true, port, v, bytes);
}
uint64_t Script::read(uint64_t address, unsigned bytes) {
    return access(memory_, false, address, 0, bytes);
}
void Script::write(uint64_t address, uint64_t v, unsigned bytes) {
    access(memory_, true, address, v, bytes);
}

void Script::wait(Time t) { wait_until(time() + t); }

void Script::wait_until(Time t) {
    local_ = {};
    resume_.wait_until(t);
}

bool Script::wait_for(const std::function<bool()>& done, Time step, Time limit) {
    const Time end = time() + limit;
    while (!done()) {
        if (time() >= end) return false;
        wait(step);
    }
    return true;
}

class TestBoard::PlainMemory : public Component, public bus::Target {
  public:
    PlainMemory(Simulation& sim, uint64_t size)
        : Component{sim, "plain_memory"}, socket{*this, "socket", *this}, bytes(size) {
        direct.host = bytes.data();
        direct.size = size;
        direct.writable = true;
        direct.page_flags.resize((size + 4095) / 4096);
    }
    void transport(bus::Payload& payload, sc_core::sc_time&) override {
        uint8_t* at = bytes.data() + payload.get_address();
        if (payload.is_write())
            std::memcpy(at, payload.get_data_ptr(), payload.get_data_length());
        else
            std::memcpy(payload.get_data_ptr(), at, payload.get_data_length());
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    unsigned debug(bus::Payload& payload) override {
        if (payload.get_address() + payload.get_data_length() > bytes.size()) return 0;
        sc_core::sc_time ignored;
        transport(payload, ignored);
        return payload.get_data_length();
    }
    bus::TargetSocket socket;
    std::vector<uint8_t> bytes;
    bus::DirectMemory direct;
};

TestBoard::TestBoard(bus::SystemBusTiming timing)
    : bus{sim, stream, "bus", timing, memory, ports},
      board{sim, stream, bus},
      processor{bus, stream, "processor", 7} {
    board.pci = &pci;
}

TestBoard::~TestBoard() = default;

bus::Device& TestBoard::plug(const std::string& model_name, const std::string& name,
                             const Settings& settings) {
    const bus::DeviceModel* model = bus::DeviceModels::instance().find(model_name);
    if (!model) throw std::runtime_error("no device model " + model_name);
    Config config{model->keys};
    for (const auto& [key, text] : settings) config.set_text(model->keys, key, text);
    devices_.push_back(model->create({board, name, config}));
    devices_.back()->reset();
    return *devices_.back();
}

uint8_t* TestBoard::add_memory(uint64_t start, uint64_t size) {
    memories_.push_back(std::make_unique<PlainMemory>(sim, size));
    PlainMemory& m = *memories_.back();
    memory.map(start, size, memory.attach(m.socket), "memory", false, &m.direct);
    return m.bytes.data();
}

void TestBoard::run(std::function<void(Script&)> body, Time limit) {
    bus.assign_slots();
    script_ = std::make_unique<Script>(processor, std::move(body));
    sim.run(limit);
    for (auto& device : devices_) device->finish();
}

}  // namespace sb::test
