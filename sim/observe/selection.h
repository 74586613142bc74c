// SPDX-License-Identifier: Apache-2.0
//
// Which part of the event stream somebody wants: a window of time, and some sources and kinds.
// Words are those of the stream itself: a kind ("burst"), a source ("ide", which takes "ide.dma"
// with it), or both ("ide:line"). An event is selected where any of the words names it; no words
// select everything.
#pragma once

#include <string>
#include <vector>

#include "sim/observe/stream.h"

namespace sb::observe {

class Selection {
  public:
    /// Throws `Error` for a word that names nothing, with what it may have meant and all there is;
    /// and for a window that is empty. The stream's sources must be there already.
    Selection(const Stream& stream, const std::string& words, Time from = {},
              Time to = Time::max());

    Time from() const { return from_; }
    /// The first time that is no longer wanted.
    Time to() const { return to_; }
    /// Kinds that some source's events are wanted of; an instruction only where its kind was named.
    KindSet kinds() const;
    bool in_window(Time at) const { return from_ <= at && at < to_; }
    /// By source and kind alone. Sources that came later than the selection have what was asked of
    /// all.
    bool names(const Event& event) const {
        const KindSet& set = event.source < by_source_.size() ? by_source_[event.source] : all_;
        return set[static_cast<size_t>(event.kind)];
    }

  private:
    void add(const Stream& stream, const std::string& word);

    Time from_;
    Time to_;
    KindSet all_;                     // wanted of every source
    std::vector<KindSet> by_source_;  // all that is wanted of each
};

/// Passes on what is selected.
class Selected final : public Sink {
  public:
    /// With `window`, events outside of the window of time are held back too; a sink that must know
    /// what the state was before it asks for them.
    Selected(const Selection& selection, Sink& next, bool window)
        : selection_{selection}, next_{next}, window_{window} {}
    void event(const Stream& stream, const Event& event) override {
        if (!selection_.names(event) || (window_ && !selection_.in_window(event.at))) return;
        next_.event(stream, event);
    }

  private:
    const Selection& selection_;
    Sink& next_;
    bool window_;
};

}  // namespace sb::observe
