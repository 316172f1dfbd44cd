// Local response norm's y of windows of 3 or 5 taps in float32 arithmetic: what nearly everybody asks for.

#include "core/overlap.h"
#include "schedule/response_loops.h"
#include "schedule/response_series.h"

namespace poise {
namespace {

constexpr std::int64_t rows_at_once = 4;

// B is never below k: only what is too large for the powers needs looking at.
bool known_power(const LocalResponseJob& job) noexcept {
  return (job.exponent == 0.5 || job.exponent == 0.75 || job.exponent == 1) && job.k >= least_response;
}

// The loops take float32 rows that lie apart from y; others are copied.
bool as_it_is(const ResponseLoops& loops) noexcept {
  return loops.x_type == DType::f32 && !share_memory(loops.job.job.x, loops.job.job.y);
}

bool uses_series(const LocalResponseJob& job, const ResponseSeries& series) noexcept {
  return series.most >= 0 && job.alpha < strong_response * job.k;
}

bool is_narrow(const LocalResponseJob& job, const Plan& plan) noexcept {
  if (plan.cells.empty() || job.job.dy.present() || !known_power(job) || plan.x_type == DType::f64) return false;
  const std::int64_t taps = window_of(job, plan.cells.inner().size).taps();
  return (taps == 3 || taps == 5) && kernels_for(plan.target).response_along[static_cast<int>(plan.y_type)] != nullptr;
}

float* floats(const ResponseRoom& room) noexcept { return reinterpret_cast<float*>(room.elements); }

// Windows over rows of contiguous lanes (NCHW), four rows at a time.
class Across {
 public:
  Across(const ResponseLoops& loops, const Plan& plan, const ResponseSeries& series) noexcept
      : loops_(loops), series_(series), width_(plan.tile), by_series_(uses_series(loops.job, series)) {
    const auto dims = plan.runs.dims();
    lanes_ = dims.back();
    rows_ = plan.cells.inner();
    outer_ = dims.first(dims.size() - 1);
    window_ = window_of(loops.job, rows_.size);
    copied_ = !as_it_is(loops) || lanes_.size < lane_padding;
    // No tile is narrower than a vector, unless all are: the last takes what would be.
    tiles_ = std::max<std::int64_t>(1, (lanes_.size + width_ - lane_padding) / width_);
    slot_ = width_ + 2 * lane_padding;
    waits_ = by_series_ && loops.base.streaming && loops.y_type == DType::f32;
  }
  std::int64_t units() const noexcept { return elements(outer_) * tiles_; }
  ResponseRooms rooms() const noexcept {
    return {((waits_ ? 2 : 1) * rows_at_once + 1 + (copied_ ? taps() : 0)) * slot_ / 2, 0, 0, taps()};
  }
  void prepare(const ResponseRoom& room) const noexcept { std::fill_n(zeros(room), slot_, 0.0f); }

  void run(std::int64_t unit, const ResponseRoom& room) const noexcept {
    const std::int64_t tile = unit % tiles_, first = tile * width_;
    const Offsets at = offsets_at(outer_, unit / tiles_) + Offsets{first, first, first};
    LocalResponse m = loops_.base;
    m.series = series_;
    m.lanes = tile + 1 < tiles_ ? width_ : lanes_.size - first;
    m.tap = room.tap;
    m.taps = window_.taps();
    m.room = floats(room);
    m.room_pitch = slot_;
    std::int64_t copies = 0;
    for (std::int64_t r = 0; r < rows_.size; r += rows_at_once) {
      if (copied_) copies = copy(m, at, copies, std::min(rows_.size, r + rows_at_once + window_.after), room);
      for (std::int64_t i = 0; i < taps(); ++i) room.tap[i] = tap(at, r - window_.before + i, room);
      m.ahead = !copied_ && r + window_.after + 2 * rows_at_once <= rows_.size ? rows_.x : 0;
      m.rows = std::min(rows_at_once, rows_.size - r);
      m.y = loops_.y(at.y + r * rows_.y);
      m.y_pitch = rows_.y;
      by_series_ ? loops_.series_across(m) : loops_.across(m);
      if (!waits_) continue;
      m.waiting = {m.room, m.y, m.rows};
      m.room = m.room == floats(room) ? second_room(room) : floats(room);
    }
    if (!waits_) return;
    m.rows = 0;
    loops_.series_across(m);
  }

 private:
  // Four windows' taps.
  std::int64_t taps() const noexcept { return window_.taps() + rows_at_once - 1; }
  float* zeros(const ResponseRoom& room) const noexcept { return floats(room) + rows_at_once * slot_; }
  float* second_room(const ResponseRoom& room) const noexcept {
    return zeros(room) + (1 + (copied_ ? taps() : 0)) * slot_;
  }
  float* copy_of(std::int64_t r, const ResponseRoom& room) const noexcept {
    return zeros(room) + (1 + r % taps()) * slot_;
  }
  const void* tap(const Offsets& at, std::int64_t r, const ResponseRoom& room) const noexcept {
    if (r < 0 || r >= rows_.size) return zeros(room);
    return copied_ ? copy_of(r, room) : loops_.x(at.x + r * rows_.x);
  }
  std::int64_t copy(LocalResponse m, const Offsets& at, std::int64_t from, std::int64_t to,
                    const ResponseRoom& room) const noexcept {
    m.rows = 1;
    for (; from < to; ++from) {
      m.x = loops_.x(at.x + from * rows_.x);
      m.x_pitch = from + 1 < rows_.size ? rows_.x : 0;
      m.elements = copy_of(from, room);
      loops_.widen(m);
    }
    return from;
  }

  const ResponseLoops& loops_;
  ResponseSeries series_;
  Dim lanes_, rows_;
  std::span<const Dim> outer_;
  Window window_;
  std::int64_t width_ = 0, tiles_ = 1, slot_ = 0;
  bool copied_ = false, by_series_ = false, waits_ = false;
};

// The same where the rows, planes, follow each other: blocks of them are one row whose taps lie a plane apart.
class Planes {
 public:
  Planes(const ResponseLoops& loops, const Plan& plan, const ResponseSeries& series) noexcept
      : loops_(loops), series_(series), plane_(plan.runs.inner().size), planes_(plan.cells.inner()) {
    const auto dims = plan.runs.dims();
    outer_ = dims.first(dims.size() - 1);
    window_ = window_of(loops.job, planes_.size);
    copied_ = loops.x_type != DType::f32;
    const std::int64_t elements = copied_ ? copied_elements : block_elements;
    block_ = std::clamp<std::int64_t>(elements / plane_, least_planes, std::max(planes_.size, least_planes));
    blocks_ = (planes_.size + block_ - 1) / block_;
  }
  // A block's planes are read by the next one too: y must lie apart.
  static bool suit(const ResponseLoops& loops, const Plan& plan) noexcept {
    const Dim &lanes = plan.runs.inner(), &rows = plan.cells.inner();
    return rows.x == lanes.size && rows.y == lanes.size && lanes.size <= largest_plane &&
           !share_memory(loops.job.job.x, loops.job.job.y);
  }
  std::int64_t units() const noexcept { return elements(outer_) * blocks_; }
  ResponseRooms rooms() const noexcept {
    return {((2 * most_copied() + window_.taps()) * plane_ + 4 * lane_padding) / 2, 0, 0, window_.taps()};
  }

  void run(std::int64_t unit, const ResponseRoom& room) const noexcept {
    const std::int64_t first = unit % blocks_ * block_, last = std::min(first + block_, planes_.size);
    const Offsets at = offsets_at(outer_, unit / blocks_);
    const std::int64_t begin = std::max(first, window_.before), end = std::min(last, planes_.size - window_.after);
    if (copied_ || (end - begin) * plane_ < lane_padding) return copied(at, first, last, room);
    if (first < begin) copied(at, first, begin, room);
    direct(at, begin * plane_, end * plane_, room);
    if (end < last) copied(at, end, last, room);
  }

 private:
  static constexpr std::int64_t block_elements = 1 << 14, copied_elements = 1 << 11, least_planes = 4;
  static constexpr std::int64_t largest_plane = 256;

  // As many planes as are copied at once: a block, or what is left at the ends of all.
  std::int64_t most_copied() const noexcept {
    return copied_ ? block_ : std::min(planes_.size, window_.taps() + lane_padding / plane_);
  }
  // Planes first to last, from a copy that has zeros where there are none.
  void copied(const Offsets& at, std::int64_t first, std::int64_t last, const ResponseRoom& room) const noexcept {
    float* const copy = floats(room) + most_copied() * plane_ + lane_padding;
    const std::int64_t from = std::max<std::int64_t>(first - window_.before, 0);
    const std::int64_t to = std::min(last + window_.after, planes_.size);
    float* const begin = copy + (from - first + window_.before) * plane_;
    LocalResponse m;
    m.rows = 1;
    m.lanes = (to - from) * plane_;
    m.x = loops_.x(at.x + from * plane_);
    m.elements = begin;
    loops_.widen(m);
    std::fill(copy, begin, 0.0f);
    std::fill(begin + m.lanes, copy + (last - first + window_.taps() - 1) * plane_ + lane_padding, 0.0f);
    for (std::int64_t t = 0; t < window_.taps(); ++t) room.tap[t] = copy + t * plane_;
    planes(at, first * plane_, last * plane_, room);
  }
  void direct(const Offsets& at, std::int64_t first, std::int64_t last, const ResponseRoom& room) const noexcept {
    for (std::int64_t t = 0; t < window_.taps(); ++t)
      room.tap[t] = loops_.x(at.x + first + (t - window_.before) * plane_);
    planes(at, first, last, room);
  }
  void planes(const Offsets& at, std::int64_t first, std::int64_t last, const ResponseRoom& room) const noexcept {
    LocalResponse m = loops_.base;
    m.series = series_;
    m.lanes = last - first;
    m.tap = room.tap;
    m.taps = window_.taps();
    m.room = floats(room);
    m.y = loops_.y(at.y + first);
    loops_.series_planes(m);
  }

  const ResponseLoops& loops_;
  ResponseSeries series_;
  std::int64_t plane_;
  Dim planes_;
  std::span<const Dim> outer_;
  Window window_;
  std::int64_t block_ = 1, blocks_ = 1;
  bool copied_ = false;
};

// Windows along contiguous memory (NHWC), block by block of rows.
class Along {
 public:
  Along(const ResponseLoops& loops, const Plan& plan, const ResponseSeries& series) noexcept
      : loops_(loops),
        series_(series),
        outer_(plan.runs.dims()),
        block_(plan.tile),
        channels_(plan.cells.inner().size) {
    by_series_ = channels_ % response_part != 0 || uses_series(loops.job, series);
    if (!outer_.empty()) {
      rows_ = outer_.back();
      outer_ = outer_.first(outer_.size() - 1);
    }
    blocks_ = (rows_.size + block_ - 1) / block_;
    copied_ = !as_it_is(loops);
  }
  std::int64_t units() const noexcept { return elements(outer_) * blocks_; }
  ResponseRooms rooms() const noexcept { return {(copied_ ? 2 : 1) * block_ * channels_ / 2, 0, 0, 1}; }

  void run(std::int64_t unit, const ResponseRoom& room) const noexcept {
    const std::int64_t first = unit % blocks_ * block_;
    const Offsets at = offsets_at(outer_, unit / blocks_);
    LocalResponse m = loops_.base;
    m.series = series_;
    m.rows = std::min(block_, rows_.size - first);
    m.lanes = channels_;
    m.taps = window_of(loops_.job, channels_).taps();
    m.x = loops_.x(at.x + first * rows_.x);
    m.x_pitch = rows_.x;
    m.y = loops_.y(at.y + first * rows_.y);
    m.y_pitch = rows_.y;
    m.room = reinterpret_cast<float*>(room.elements);
    m.room_pitch = channels_;
    if (copied_) {
      m.elements = m.room + block_ * channels_;
      m.elements_pitch = channels_;
      loops_.widen(m);
      m.x = m.elements;
      m.x_pitch = channels_;
    }
    by_series_ ? loops_.series_along(m) : loops_.along(m);
  }

 private:
  const ResponseLoops& loops_;
  ResponseSeries series_;
  Dim rows_;
  std::span<const Dim> outer_;
  std::int64_t block_ = 1, blocks_ = 1, channels_ = 1;
  bool copied_ = false, by_series_ = false;
};

}  // namespace

bool across_by_series(const LocalResponseJob& job, const Plan& plan) noexcept {
  return is_narrow(job, plan) && uses_series(job, forward_series(job));
}

bool run_narrow_response(const ResponseLoops& loops, const Plan& plan, Context& context) {
  if (!is_narrow(loops.job, plan)) return false;
  const std::int64_t channels = plan.cells.inner().size;
  const ResponseSeries series = forward_series(loops.job);
  const bool rows = std::string_view(plan.window) == "rows" && plan.lanes == 1;
  if (rows && (channels % response_part == 0 || (series.most >= 0 && channels >= shortest_row))) {
    run_response(Along(loops, plan, series), plan, context);
    return true;
  }
  if (std::string_view(plan.window) != "columns") return false;
  if (uses_series(loops.job, series) && Planes::suit(loops, plan)) {
    run_response(Planes(loops, plan, series), plan, context);
  } else {
    run_response(Across(loops, plan, series), plan, context);
  }
  return true;
}

}  // namespace poise
