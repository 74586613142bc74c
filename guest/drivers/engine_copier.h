// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_ENGINE_COPIER_H
#define GUEST_DRIVERS_ENGINE_COPIER_H

// Three ways to copy with an opened DMA engine.

#include "drivers/axi_cdma.h"
#include "drivers/copier.h"

namespace guest {

// One transfer for each piece that is contiguous on both sides: the processor comes back in
// between.
class SingleCopier final : public Copier {
  public:
    explicit SingleCopier(AxiCdma& engine) : engine_(engine) {}
    const char* name() const override { return "single"; }
    DmaError move(SegmentList to, SegmentList from) override;

  private:
    AxiCdma& engine_;
};

// One chain of descriptors for all pieces, which the engine works off alone.
class ChainCopier final : public Copier {
  public:
    // `capacity`: of descriptors; what needs more is a bad request.
    ChainCopier(AxiCdma& engine, uint32_t capacity) : engine_(engine), chain_(capacity) {}
    const char* name() const override { return "chain"; }
    DmaError move(SegmentList to, SegmentList from) override;

  private:
    AxiCdma& engine_;
    DescriptorChain chain_;
};

// What an engine without scatter-gather is helped with: the processor gathers the source into one
// buffer, and the engine copies from there. Everything is moved twice.
class BounceCopier final : public Copier {
  public:
    BounceCopier(AxiCdma& engine, uint32_t buffer_bytes)
        : engine_(engine), buffer_(allocate_array<uint8_t>(buffer_bytes)) {}
    const char* name() const override { return "bounce"; }
    DmaError move(SegmentList to, SegmentList from) override;

  private:
    AxiCdma& engine_;
    std::span<uint8_t> buffer_;
};

}  // namespace guest

#endif
