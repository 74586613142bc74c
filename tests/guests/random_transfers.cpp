// SPDX-License-Identifier: Apache-2.0
//
// Everything that moves data does so at once, by chance: DMA engines copy single pieces and chains
// of them, or are stopped on the way, the disk is read and written, the 8237A copies a block or the
// sound card takes and brings samples, and the processor reads, writes, moves strings and exchanges
// with LOCK in memory of its own and between the engines' pieces. In the end, and on the way, every
// byte must be what it must be.
//
//   seed=1
//   engines=2            0 to 4
//   rounds=4             transfers or chains of each engine
//   most=3000            bytes of a piece at most
//   completion=polling   or interrupt, or message, or mixed: each engine otherwise
//   stops=1              0: no engine is stopped, which polls
//   disk=none            or polled, interrupt, dma
//   isa=none             or copy, play, record
//   irq=apic             or pic
#include "random_transfers.h"
#include "random_processor.h"

#include "drivers/ata_dma.h"
#include "drivers/ata_interrupt.h"
#include "drivers/ata_polled.h"
#include "drivers/sound_blaster.h"
#include "programs/disk_options.h"
#include "programs/dma_options.h"
#include "runtime/check.h"
#include "runtime/clock.h"
#include "runtime/exit.h"
#include "runtime/probe.h"
#include "runtime/program.h"

namespace guest {
namespace {

constexpr uint32_t kMostEngines = 4;
constexpr uint32_t kArenaBytes = 3 * kPageBytes;
constexpr uint32_t kMostPieces = 12;

// An engine and its own memory: random pieces of the source go to places of the target in order,
// with gaps between them that stay as they are, or that the processor writes meanwhile.
class Worker {
  public:
    Worker(uint32_t number, AxiCdma::Completion completion, uint32_t rounds, uint32_t most,
           Random& random)
        : source_(kArenaBytes, random),
          target_(kArenaBytes, random),
          before_(static_cast<uint8_t*>(allocate(kArenaBytes))),
          chain_(kMostPieces),
          polls_(completion == AxiCdma::Completion::kPolling),
          rounds_(rounds),
          most_(most) {
        open_engine(engine_, number, completion);
        engine_.function().write8(pci::header::kLatencyTimer, 8 * random.below(32));
    }

    bool is_running() const { return running_; }
    bool is_over() const { return !running_ && rounds_ == 0; }

    void start(Random& random) {
        --rounds_;
        renew_source(random);
        memcpy(before_, target_.expected, kArenaBytes);
        choose_pieces(random);
        DmaError error;
        if (count_ == 1 && !random.one_in(3)) {
            const Piece& piece = pieces_[0];
            error = engine_.start(physical_address(target_.memory + piece.to),
                                  physical_address(source_.memory + piece.from), piece.bytes);
        } else {
            error = start_chain(random);
        }
        require(error, engine_, "start");
        running_ = true;
    }

    void finish() {
        require(engine_.wait(), engine_, "wait");
        running_ = false;
        target_.check("an engine's target");
        source_.check("an engine's source");
    }

    // Resets the engine at some point. Each byte is then what it was or what it was to be, and the
    // pointers of a chain do not matter any more.
    void stop() {
        require(engine_.stop(), engine_, "stop");
        running_ = false;
        asm volatile("" ::: "memory");
        for (uint32_t i = 0; i < count_; ++i) {
            for (uint32_t at = pieces_[i].to; at < pieces_[i].to + pieces_[i].bytes; ++at) {
                if (target_.memory[at] == before_[at]) target_.expected[at] = before_[at];
            }
        }
        target_.check("what an engine that was stopped has copied");
    }

    // Whether waiting would not take long. Reading the status is one more thing to do at random.
    bool seems_done() { return !engine_.is_busy(); }
    bool polls() const { return polls_; }

    // Writes a byte next to the pieces under way.
    void disturb(Random& random) {
        const uint32_t at = random.below(kArenaBytes);
        for (uint32_t i = 0; i < count_; ++i) {
            if (at - pieces_[i].to < pieces_[i].bytes) return;
        }
        target_.put(at, static_cast<uint8_t>(random.next()));
    }

  private:
    struct Piece {
        uint32_t to;
        uint32_t from;
        uint32_t bytes;
    };

    void renew_source(Random& random) {
        for (uint32_t i = random.below(64); i != 0; --i) {
            source_.put(random.below(kArenaBytes), static_cast<uint8_t>(random.next()));
        }
    }

    void choose_pieces(Random& random) {
        const uint32_t wanted = random.one_in(2) ? 1 : 1 + random.below(kMostPieces);
        uint32_t at = random.one_in(4) ? 0 : random.below(kArenaBytes / 2);
        for (count_ = 0; count_ < wanted && at < kArenaBytes; ++count_) {
            const uint32_t room = kArenaBytes - at;
            const uint32_t bytes = random.length(most_ < room ? most_ : room);
            pieces_[count_] = {at, random.below(kArenaBytes - bytes + 1), bytes};
            memcpy(target_.expected + at, source_.expected + pieces_[count_].from, bytes);
            at += bytes + (random.one_in(3) ? 0 : random.length(100));
        }
        for (uint32_t i = count_; i > 1; --i) {  // In any order.
            const uint32_t other = random.below(i);
            const Piece piece = pieces_[i - 1];
            pieces_[i - 1] = pieces_[other];
            pieces_[other] = piece;
        }
    }

    DmaError start_chain(Random& random) {
        chain_.clear();
        for (uint32_t i = 0; i < count_; ++i) {
            check(
                chain_.append(physical_address(target_.memory + pieces_[i].to),
                              physical_address(source_.memory + pieces_[i].from), pieces_[i].bytes),
                "append");
        }
        if (random.one_in(2)) {
            engine_.set_coalescing({.threshold = static_cast<uint8_t>(count_)});
        } else if (random.one_in(2)) {
            engine_.set_coalescing({.threshold = static_cast<uint8_t>(1 + random.below(8)),
                                    .delay = static_cast<uint8_t>(1 + random.below(4))});
        } else {
            engine_.set_coalescing({});
        }
        return engine_.start(chain_);
    }

    AxiCdma engine_;
    Mirror source_;
    Mirror target_;
    uint8_t* before_;  // What was in the target when the transfer began.
    DescriptorChain chain_;
    Piece pieces_[kMostPieces];
    uint32_t count_ = 0;
    bool polls_;
    bool running_ = false;
    uint32_t rounds_;
    uint32_t most_;
};

// Reads and writes sectors now and then. What is on the disk was read before, while all was quiet.
class Disk {
  public:
    static constexpr uint32_t kSectors = 8;

    Disk(AtaDrive& drive, TransferMode mode, uint32_t times, Random& random)
        : drive_(drive),
          content_(kSectors * ata::kSectorBytes, random),
          target_(kSectors * ata::kSectorBytes + kPageBytes, random),
          times_(times) {
        require(drive_.open(), drive_, "open");
        require(drive_.set_transfer_mode(mode), drive_, "set the transfer mode");
        const Segment all[] = {{physical_address(content_.memory), content_.bytes()}};
        require(drive_.read(0, all), drive_, "read");
        memcpy(content_.expected, content_.memory, content_.bytes());
    }

    bool is_over() const { return times_ == 0; }

    void work(Random& random) {
        --times_;
        random.one_in(3) ? write(random) : read(random);
    }

  private:
    void write(Random& random) {
        const uint32_t lba = random.below(kSectors);
        const uint32_t bytes = (1 + random.below(kSectors - lba)) * ata::kSectorBytes;
        const uint32_t at = lba * ata::kSectorBytes;
        for (uint32_t i = random.below(50); i != 0; --i) {
            content_.put(at + random.below(bytes), static_cast<uint8_t>(random.next()));
        }
        const Segment list[] = {{physical_address(content_.memory + at), bytes}};
        require(drive_.write(lba, list), drive_, "write");
        content_.check("what the disk was given");
    }

    void read(Random& random) {
        const uint32_t lba = random.below(kSectors);
        const uint32_t bytes = (1 + random.below(kSectors - lba)) * ata::kSectorBytes;
        const uint32_t first = 2 * (1 + random.below(bytes / 2 - 1));
        const uint32_t at = 2 * random.below(kPageBytes / 4);
        const uint32_t next = at + first + 2 * random.below(kPageBytes / 4);
        const Segment list[] = {{physical_address(target_.memory + at), first},
                                {physical_address(target_.memory + next), bytes - first}};
        const uint8_t* data = content_.memory + lba * ata::kSectorBytes;
        memcpy(target_.expected + at, data, first);
        memcpy(target_.expected + next, data + first, bytes - first);
        require(drive_.read(lba, list), drive_, "read");
        target_.check("what the disk brought");
    }

    AtaDrive& drive_;
    Mirror content_;
    Mirror target_;
    uint32_t times_;
};

enum class IsaWork : uint8_t { kNone, kCopy, kPlay, kRecord };

// A page that the 8237A reads and writes, byte by byte.
class Isa {
  public:
    Isa(IsaWork work, uint32_t times, Random& random)
        : work_(work),
          times_(work == IsaWork::kNone ? 0 : times),
          page_(kPageBytes, IsaDma::allocate_buffer(kPageBytes), random) {
        if (work != IsaWork::kPlay && work != IsaWork::kRecord) return;
        require(sound_.open(), "the sound card");
        sound_.set_rate(work == IsaWork::kPlay ? 23'000 : 12'000);
        sound_.set_mode(random.one_in(2) ? IsaDma::Mode::kSingle : IsaDma::Mode::kDemand);
    }

    bool is_over() const { return times_ == 0 && !running_; }
    bool is_running() const { return running_; }

    void start(Random& random) {
        --times_;
        bytes_ = random.length(work_ == IsaWork::kCopy ? 200 : 40);
        at_ = random.below(kPageBytes - bytes_);
        if (work_ == IsaWork::kCopy) return copy(random);
        require(sound_.start(work_ == IsaWork::kPlay ? SoundBlaster::Direction::kPlay
                                                     : SoundBlaster::Direction::kRecord,
                             page_.memory + at_, bytes_),
                "a block of sound");
        running_ = true;
    }

    void finish() {
        require(sound_.wait(), "the end of a block of sound");
        running_ = false;
        // Which samples were recorded is the card's business, where they lie is not.
        if (work_ == IsaWork::kRecord) memcpy(page_.expected + at_, page_.memory + at_, bytes_);
        page_.check("the sound card's page");
    }

  private:
    // From memory to memory with channels 0 and 1 (8237A data sheet, "Memory-to-Memory").
    void copy(Random& random) {
        constexpr uint16_t kCommand = 0x08, kRequest = 0x09;
        constexpr uint8_t kMemoryToMemory = 1u << 0, kSetRequest = 1u << 2;
        const uint32_t from = random.below(kPageBytes - bytes_);
        for (uint32_t i = 0; i < bytes_; ++i) {  // As it does where the two overlap.
            page_.expected[at_ + i] = page_.expected[from + i];
        }
        IsaDma reader(0), writer(1);
        require(reader.program(page_.memory + from, bytes_, IsaDma::Transfer::kReadMemory,
                               IsaDma::Mode::kBlock),
                "channel 0");
        require(writer.program(page_.memory + at_, bytes_, IsaDma::Transfer::kWriteMemory,
                               IsaDma::Mode::kBlock),
                "channel 1");
        write_port8(kCommand, kMemoryToMemory);
        write_port8(kRequest, kSetRequest);
        clock::PollLimit limit(1);
        while (!writer.reached_end()) {
            check(!limit.over(), "the 8237A does not come to its end");
            for (uint32_t i = 0; i < 500; ++i) asm volatile("");  // Transparent DMA needs gaps.
        }
        write_port8(kCommand, 0);
        page_.check("what the 8237A copied");
    }

    IsaWork work_;
    uint32_t times_;
    Mirror page_;
    SoundBlaster sound_;
    bool running_ = false;
    uint32_t at_ = 0, bytes_ = 0;
};

template <typename T>
struct Named {
    std::string_view name;
    T value;
};

template <typename T, size_t kCount>
T parse(const CommandLine& options, const char* key, const Named<T> (&names)[kCount]) {
    const std::string_view name = options.text(key, names[0].name);
    for (const Named<T>& named : names) {
        if (named.name == name) return named.value;
    }
    fail("{}={} is not known", key, name);
}

enum class DiskWork : uint8_t { kNone, kPolled, kInterrupt, kDma };
// As AxiCdma::Completion has them, and one after the other.
enum class Ends : uint8_t { kPolling, kInterrupt, kMessage, kMixed };

Disk* make_disk(DiskWork work, uint32_t times, Random& random) {
    const auto channel = AtaChannel::Number::kPrimary;
    const TransferMode pio = {TransferMode::Kind::kPio, static_cast<uint8_t>(random.below(5))};
    const TransferMode udma = {TransferMode::Kind::kUltraDma,
                               static_cast<uint8_t>(random.below(6))};
    void* const room = allocate(sizeof(Disk));
    switch (work) {
        case DiskWork::kPolled:
            return new (room)
                Disk(*new (allocate(sizeof(AtaPolled))) AtaPolled(channel, 0), pio, times, random);
        case DiskWork::kInterrupt:
            return new (room) Disk(*new (allocate(sizeof(AtaInterrupt))) AtaInterrupt(channel, 0),
                                   pio, times, random);
        case DiskWork::kDma:
            return new (room)
                Disk(*new (allocate(sizeof(AtaDma))) AtaDma(channel, 0), udma, times, random);
        case DiskWork::kNone:
            break;
    }
    return nullptr;
}

// Whatever is under way goes on while one part of it is looked after.
struct Everything {
    Worker* workers[kMostEngines];
    uint32_t count;
    Processor& processor;
    Disk* disk;
    Isa& isa;
    bool stops;

    bool is_over() const {
        for (uint32_t i = 0; i < count; ++i) {
            if (!workers[i]->is_over()) return false;
        }
        return isa.is_over() && (disk == nullptr || disk->is_over());
    }

    void step(Random& random) {
        for (uint32_t i = 0; i < count; ++i) look_after(*workers[i], random);
        processor.work(random, random.below(20));
        if (disk != nullptr && !disk->is_over() && random.one_in(4)) disk->work(random);
        if (isa.is_running() ? random.one_in(4) : !isa.is_over() && random.one_in(3)) {
            isa.is_running() ? isa.finish() : isa.start(random);
        }
    }

    void look_after(Worker& worker, Random& random) const {
        if (worker.is_over()) return;
        if (!worker.is_running()) {
            if (!random.one_in(4)) worker.start(random);
            return;
        }
        worker.disturb(random);
        if (stops && random.one_in(20)) return worker.stop();
        if (random.one_in(3) || (worker.polls() && worker.seems_done())) worker.finish();
    }
};

}  // namespace

int main(const CommandLine& options) {
    options.allow_only(
        {"seed", "engines", "rounds", "most", "completion", "stops", "disk", "isa", "irq"});
    Random random(options.number("seed", 1));
    const uint32_t engines = options.number("engines", 2, 0, kMostEngines);
    const uint32_t rounds = options.number("rounds", 4, 0, 1000);
    const uint32_t most = options.number("most", 3000, 1, kArenaBytes);
    const Ends ends = parse<Ends>(options, "completion",
                                  {{"polling", Ends::kPolling},
                                   {"interrupt", Ends::kInterrupt},
                                   {"message", Ends::kMessage},
                                   {"mixed", Ends::kMixed}});
    const DiskWork disk_work = parse<DiskWork>(options, "disk",
                                               {{"none", DiskWork::kNone},
                                                {"polled", DiskWork::kPolled},
                                                {"interrupt", DiskWork::kInterrupt},
                                                {"dma", DiskWork::kDma}});
    const IsaWork isa_work = parse<IsaWork>(options, "isa",
                                            {{"none", IsaWork::kNone},
                                             {"copy", IsaWork::kCopy},
                                             {"play", IsaWork::kPlay},
                                             {"record", IsaWork::kRecord}});
    use_interrupt_controller(parse_interrupt_controller(options.text("irq", "apic")));
    clock::start_counter(clock::kFullPeriod);

    Processor processor(random);
    Isa isa(isa_work, rounds, random);
    Disk* const disk = make_disk(disk_work, rounds / 2, random);
    Everything all = {{}, engines, processor, disk, isa, options.number("stops", 1, 0, 1) != 0};
    for (uint32_t i = 0; i < engines; ++i) {
        const uint32_t how = ends == Ends::kMixed ? i % 3 : static_cast<uint32_t>(ends);
        all.workers[i] = new (allocate(sizeof(Worker)))
            Worker(i, static_cast<AxiCdma::Completion>(how), rounds, most, random);
    }
    {
        PhaseScope phase("everything");
        while (!all.is_over()) all.step(random);
    }
    processor.check();
    print("PASS\n");
    return exit_code::kSuccess;
}

}  // namespace guest
