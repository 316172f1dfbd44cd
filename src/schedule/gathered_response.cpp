// Local response norm over any axes of any layout: a few lanes of the whole window axes are laid out anew, and the
// windows' sums run axis by axis over them.

#include <cstdlib>

#include "core/element.h"
#include "core/parallel.h"
#include "schedule/response_loops.h"

namespace poise {
namespace {

constexpr std::int64_t widest_gather = 16;

class Gathered {
 public:
  Gathered(const ResponseLoops& loops, const Plan& plan) noexcept
      : loops_(loops), axes_(plan.cells.dims()), outer_(plan.runs.dims()), compute_(loops.compute()) {
    // Lanes lie inside the window axes; what lies outside them is a block of its own.
    const bool inside = !outer_.empty() && (axes_.empty() || std::abs(outer_.back().y) < std::abs(axes_.back().y));
    if (inside) {
      lanes_ = outer_.back();
      outer_ = outer_.first(outer_.size() - 1);
    }
    // Few lanes are shared out among the threads; no bit depends on how.
    width_ = std::min(widest_gather, std::max<std::int64_t>(1, elements(outer_) * lanes_.size / plan.threads));
    width_ = std::min(width_, lanes_.size);
    tiles_ = (lanes_.size + width_ - 1) / width_;
    points_ = elements(axes_);
    room_ = rounded_up(points_ * width_ + lane_padding, 8);
  }
  std::int64_t units() const noexcept { return elements(outer_) * tiles_; }
  ResponseRooms rooms() const noexcept {
    std::int64_t inner = width_, taps = 1;
    for (std::size_t a = axes_.size(); a-- > 0;) {
      taps = std::max(taps, window_of(loops_.job, axes_[a].size).taps());
      inner *= axes_[a].size;
    }
    // scaled holds x, dy, dy * f, and a block of the sums between its zeros: at most the volume and taps - 1 of it.
    return {room_, loops_.backward() ? room_ : 0, 3 * room_ + inner + padding(), taps};
  }

  void run(std::int64_t unit, const ResponseRoom& room) const noexcept {
    const std::int64_t first = unit % tiles_ * width_, lanes = std::min(width_, lanes_.size - first);
    Offsets at = offsets_at(outer_, unit / tiles_);
    at = at + Offsets{first * lanes_.x, first * lanes_.y, first * lanes_.dy};
    double *x = room.scaled, *dy = x + room_, *scaled = dy + room_, *block = scaled + room_;
    LocalResponse m = loops_.base;
    m.streaming = false;
    m.lanes = points_ * lanes;
    m.tap = room.tap;
    m.taps = 1;
    m.x = x;
    copy_in(loops_.job.job.x, &Offsets::x, at, lanes, x);
    m.terms = room.elements;
    loops_.kernels.response_squares[static_cast<int>(compute_)](m);
    sum_windows(room.elements, lanes, false, block, room.tap);
    room.tap[0] = room.elements;
    m.y = dy;
    if (!loops_.backward()) {
      loops_.kernels.response_forward[static_cast<int>(compute_)][static_cast<int>(compute_)](m);
      return copy_out(dy, at, lanes);
    }
    copy_in(loops_.job.job.dy, &Offsets::dy, at, lanes, dy);
    m.dy = dy;
    m.scaled = scaled;
    m.terms = room.slopes;
    loops_.kernels.response_slopes[static_cast<int>(compute_)](m);
    sum_windows(room.slopes, lanes, true, block, room.tap);
    room.tap[0] = room.slopes;
    loops_.kernels.response_backward[static_cast<int>(compute_)](m);
    copy_out(dy, at, lanes);
  }

 private:
  // The zeros before and behind the widest block.
  std::int64_t padding() const noexcept {
    std::int64_t inner = width_, most = 0;
    for (std::size_t a = axes_.size(); a-- > 0;) {
      most = std::max(most, (window_of(loops_.job, axes_[a].size).taps() - 1) * inner);
      inner *= axes_[a].size;
    }
    return most;
  }

  // Each element's sum over its window along one axis after the other; sums of squares only grow, so nothing cancels.
  void sum_windows(double* volume, std::int64_t lanes, bool mirrored, double* block, const void** tap) const noexcept {
    std::int64_t inner = lanes;
    for (std::size_t a = axes_.size(); a-- > 0;) {
      const Window forward = window_of(loops_.job, axes_[a].size);
      const Window window = mirrored ? forward.mirrored() : forward;
      const std::int64_t length = axes_[a].size * inner;
      const std::int64_t lead = window.before * inner, tail = window.after * inner;
      std::fill(block, block + lead, 0.0);
      std::fill(block + lead + length, block + lead + length + tail, 0.0);
      for (std::int64_t i = 0; i < window.taps(); ++i) tap[i] = block + i * inner;
      LocalResponse m;
      m.tap = tap;
      m.taps = window.taps();
      m.lanes = length;
      for (double* at = volume; at < volume + points_ * lanes; at += length) {
        std::copy(at, at + length, block + lead);
        m.terms = at;
        loops_.kernels.response_sums(m);
      }
      inner = length;
    }
  }

  // Calls visit(offsets, index) for every element, the lanes fastest.
  template <class Visit>
  void for_each(const Offsets& base, std::int64_t lanes, Visit visit) const noexcept {
    std::int64_t index = 0;
    for (std::int64_t p = 0; p < points_; ++p) {
      Offsets at = base + offsets_at(axes_, p);
      for (std::int64_t i = 0; i < lanes; ++i) {
        visit(at, index++);
        at = at + Offsets{lanes_.x, lanes_.y, lanes_.dy};
      }
    }
  }
  void copy_in(const ConstTensorView& from, std::int64_t Offsets::*along, const Offsets& base, std::int64_t lanes,
               void* to) const noexcept {
    for_each(base, lanes, [&](const Offsets& at, std::int64_t i) {
      set_element(to, compute_, i, element_at(from.data(), from.dtype(), at.*along));
    });
  }
  void copy_out(const void* from, const Offsets& base, std::int64_t lanes) const noexcept {
    for_each(base, lanes, [&](const Offsets& at, std::int64_t i) {
      set_element(loops_.job.job.y.data(), loops_.y_type, at.y, element_at(from, compute_, i));
    });
  }

  const ResponseLoops& loops_;
  std::span<const Dim> axes_, outer_;
  DType compute_;
  Dim lanes_;
  std::int64_t width_ = 1, tiles_ = 1, points_ = 1, room_ = 0;
};

}  // namespace

void run_gathered_response(const ResponseLoops& loops, const Plan& plan, Context& context) {
  const Gathered gathered(loops, plan);
  ResponseRooms rooms = gathered.rooms();
  rooms.take(context.state().workspace, plan.threads);
  context.state().threads_used =
      parallel_for(plan.threads, gathered.units(), [&](std::int64_t begin, std::int64_t end, int thread) {
        const ResponseRoom room = rooms.of(thread);
        for (std::int64_t unit = begin; unit < end; ++unit) gathered.run(unit, room);
      });
}

}  // namespace poise
