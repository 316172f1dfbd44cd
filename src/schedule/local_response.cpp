#include "schedule/local_response.h"

#include <poise/error.h>

#include <cstring>
#include <new>
#include <string>

#include "core/overlap.h"
#include "core/parallel.h"
#include "schedule/execute.h"
#include "schedule/response_loops.h"
#include "schedule/response_series.h"

namespace poise {
namespace {

// Rings of rows stay in L1 beside the rows that are read and written; longer rows gain nothing.
constexpr std::int64_t ring_bytes = 24 << 10, widest_tile = 1024, narrowest_tile = 64;
// By the gradient's series a tile's rows stay in L2 until those after them are read; where y is x or dy all of them do.
constexpr std::int64_t widest_series = 4096, kept_bytes = 256 << 10;
// Narrower tiles are not cut for the sake of threads.
constexpr std::int64_t narrowest_share = 256, units_a_thread = 4;
// Shorter rows of lanes than this are joined with those of the other channels, if all of them fit L2.
constexpr std::int64_t short_lanes = 128, joined_bytes = 128 << 10;
constexpr std::int64_t block_bytes = 16 << 10, most_block_rows = 64;

void fill_zero(double* at, std::int64_t count) noexcept { std::fill(at, at + count, 0.0); }

bool writes_what_it_reads(const LocalResponseJob& job) noexcept {
  return share_memory(job.job.x, job.job.y) || (job.job.dy.present() && share_memory(job.job.dy, job.job.y));
}

// Lanes are contiguous and the window runs over rows of them (NCHW): row by row down the channels. The taps are x's own
// rows where these are of the compute type and y lies apart; else the last rows, in a ring in the compute type. A row
// enters it `after` rows before its y is written; so y may be x.
class Columns {
 public:
  Columns(const ResponseLoops& loops, const Plan& plan) noexcept : loops_(loops) {
    const auto dims = plan.runs.dims();
    lanes_ = dims.back();
    if (!plan.cells.empty()) rows_ = plan.cells.inner();
    outer_ = dims.first(dims.size() - 1);
    window_ = window_of(loops.job, rows_.size);
    width_ = plan.tile;
    series_ = gradient_series(loops.job, plan);
    kept_ = writes_what_it_reads(loops.job);
    rings_ = loops.x_type != loops.compute() || lanes_.size < lane_padding || series_.most >= 0 || kept_;
    tiles_ = (lanes_.size + width_ - 1) / width_;
  }
  std::int64_t units() const noexcept { return elements(outer_) * tiles_; }
  ResponseRooms rooms() const noexcept {
    const std::int64_t ring = window_.taps() * width_;
    const std::int64_t elements = (rings_ ? ring : width_) * loops_.compute_size() / 8;
    const std::int64_t by_series = series_.most < 0 ? 0 : response_rows_of(kept_ ? rows_.size : 0) * pitch() / 2;
    return {elements, loops_.backward() ? ring : 0,
            loops_.backward() ? std::max((window_.before + 1) * width_, by_series) : 0, window_.taps()};
  }

  void run(std::int64_t unit, const ResponseRoom& room) const noexcept {
    const std::int64_t first = unit % tiles_ * width_, count = std::min(width_, lanes_.size - first);
    const Offsets at = offsets_at(outer_, unit / tiles_) + Offsets{first, first, first};
    series_.most < 0 ? lanes(at, count, room) : series(at, count, room);
  }

 private:
  // Not the pitch of x, or all rows would be in the same sets of the first cache.
  std::int64_t pitch() const noexcept { return width_ + lane_padding; }

  void series(const Offsets& at, std::int64_t count, const ResponseRoom& room) const noexcept {
    bool left[widest_series];
    LocalResponse m = loops_.base;
    m.gradients = series_;
    m.taps = window_.taps();
    m.rows = rows_.size;
    m.lanes = count;
    m.x = loops_.x(at.x);
    m.x_pitch = rows_.x;
    m.dy = loops_.dy(at.dy);
    m.dy_pitch = rows_.dy;
    m.y = loops_.y(at.y);
    m.y_pitch = rows_.y;
    m.room = reinterpret_cast<float*>(room.scaled);
    m.room_pitch = pitch();
    m.left = left;
    m.kept = kept_;
    loops_.series_gradient_across(m);
    for (std::int64_t i = 0, end = 0; i < count; i = end) {
      while (end < count && left[end] == left[i]) ++end;
      if (left[i]) lanes(at + Offsets{i, i, i}, end - i, room);
    }
  }

  void lanes(const Offsets& at, std::int64_t count, const ResponseRoom& room) const noexcept {
    LocalResponse m = loops_.base;
    m.lanes = count;
    m.tap = room.tap;
    m.taps = window_.taps();
    m.taps_are_elements = true;
    m.taps_are_rows = !rings_;
    for (std::int64_t i = 0; i < (rings_ ? window_.before : 1); ++i) clear(room, i);
    if (loops_.backward()) {
      for (std::int64_t i = 0; i < window_.after; ++i) fill_zero(slot(room.slopes, i), width_);
    }
    const std::int64_t behind = window_.after + (loops_.backward() ? window_.before : 0);
    for (std::int64_t r = 0; r < rows_.size + behind; ++r) {
      widen(m, at, r, room);
      const std::int64_t center = r - window_.after;
      if (center < 0) continue;
      if (!loops_.backward()) {
        forward(m, at, center, room);
      } else {
        slopes(m, at, center, room);
        if (center >= window_.before) gradient(m, at, center - window_.before, room);
      }
    }
  }

  double* slot(double* ring, std::int64_t i) const noexcept { return ring + i % window_.taps() * width_; }
  // The same of the ring of elements.
  void* element_slot(const ResponseRoom& room, std::int64_t i) const noexcept {
    return address(static_cast<void*>(room.elements), loops_.compute(), i % window_.taps() * width_);
  }
  void clear(const ResponseRoom& room, std::int64_t i) const noexcept {
    std::memset(element_slot(room, i), 0, static_cast<std::size_t>(width_ * loops_.compute_size()));
  }
  double* scaled(const ResponseRoom& room, std::int64_t r) const noexcept {
    return room.scaled + r % (window_.before + 1) * width_;
  }
  const void* x(const Offsets& at, std::int64_t r) const noexcept { return loops_.x(at.x + r * rows_.x); }
  void taps_from(double* ring, std::int64_t first, const ResponseRoom& room) const noexcept {
    for (std::int64_t i = 0; i < window_.taps(); ++i) room.tap[i] = slot(ring, first + i);
  }

  // The taps of row r; without a ring its first slot is the zeros before the first row and behind the last.
  void elements_of(LocalResponse& m, const Offsets& at, std::int64_t r, const ResponseRoom& room) const noexcept {
    const auto tap = [&](std::int64_t row) -> const void* {
      if (rings_) return element_slot(room, row + window_.before);
      return row < 0 || row >= rows_.size ? element_slot(room, 0) : x(at, row);
    };
    for (std::int64_t i = 0; i < window_.taps(); ++i) room.tap[i] = tap(r - window_.before + i);
    m.ahead = rings_ || r + window_.after + 1 >= rows_.size ? 0 : rows_.x;
  }

  void widen(LocalResponse& m, const Offsets& at, std::int64_t r, const ResponseRoom& room) const noexcept {
    if (!rings_) return;
    if (r >= rows_.size) return clear(room, r + window_.before);
    m.x = x(at, r);
    m.x_pitch = r + 1 < rows_.size ? rows_.x : 0;
    m.elements = element_slot(room, r + window_.before);
    loops_.widen(m);
  }
  void forward(LocalResponse& m, const Offsets& at, std::int64_t r, const ResponseRoom& room) const noexcept {
    elements_of(m, at, r, room);
    m.x = x(at, r);
    m.y = loops_.y(at.y + r * rows_.y);
    loops_.forward(m);
  }
  void slopes(LocalResponse& m, const Offsets& at, std::int64_t r, const ResponseRoom& room) const noexcept {
    double* here = slot(room.slopes, r + window_.after);
    if (r >= rows_.size) return fill_zero(here, width_);
    elements_of(m, at, r, room);
    m.x = x(at, r);
    m.dy = loops_.dy(at.dy + r * rows_.dy);
    m.terms = here;
    m.scaled = scaled(room, r);
    loops_.slopes(m);
  }
  void gradient(LocalResponse& m, const Offsets& at, std::int64_t r, const ResponseRoom& room) const noexcept {
    taps_from(room.slopes, r, room);
    m.x = x(at, r);
    m.scaled = scaled(room, r);
    m.y = loops_.y(at.y + r * rows_.y);
    loops_.gradient(m);
  }

  const ResponseLoops& loops_;
  Dim lanes_, rows_;
  std::span<const Dim> outer_;
  Window window_;
  GradientSeries series_;
  std::int64_t width_ = 0, tiles_ = 1;
  bool rings_ = true, kept_ = false;
};

// The window runs along contiguous memory, its taps `shift` apart (NHWC: 1): rows of squares between zeros, block by
// block of rows. A row's squares are formed before any of its y; so y may be x.
class Rows {
 public:
  Rows(const ResponseLoops& loops, const Plan& plan) noexcept : loops_(loops), block_(plan.tile) {
    shift_ = plan.lanes;
    channels_ = plan.cells.inner().size;
    window_ = window_of(loops.job, channels_);
    outer_ = plan.runs.dims();
    if (!outer_.empty()) {
      rows_ = outer_.back();
      outer_ = outer_.first(outer_.size() - 1);
    }
    blocks_ = (rows_.size + block_ - 1) / block_;
    pitch_ = row_pitch(window_, channels_, shift_);
    series_ = gradient_series(loops.job, plan);
    scaled_pitch_ = rounded_up(channels_ * shift_, lane_padding);
  }
  static std::int64_t row_pitch(const Window& window, std::int64_t channels, std::int64_t shift) noexcept {
    return rounded_up((channels + window.taps() - 1) * shift + lane_padding, 8);
  }
  std::int64_t units() const noexcept { return elements(outer_) * blocks_; }
  ResponseRooms rooms() const noexcept {
    const bool backward = loops_.backward();
    return {block_ * pitch_, backward ? block_ * pitch_ : 0, backward ? block_ * scaled_pitch_ : 0, window_.taps()};
  }
  // The loops write whole vectors of terms, zeros past the end: the zeros between the rows stay.
  void prepare(const ResponseRoom& room) const noexcept {
    fill_zero(room.elements, block_ * pitch_ + lane_padding);
    if (loops_.backward()) fill_zero(room.slopes, block_ * pitch_ + lane_padding);
  }

  void run(std::int64_t unit, const ResponseRoom& room) const noexcept {
    const std::int64_t first = unit % blocks_ * block_;
    Offsets at = offsets_at(outer_, unit / blocks_);
    at = at + Offsets{first * rows_.x, first * rows_.y, first * rows_.dy};
    if (series_.most < 0) return rows(at, std::min(block_, rows_.size - first), room);
    bool left[most_block_rows];
    LocalResponse m = job_of(at, std::min(block_, rows_.size - first));
    m.gradients = series_;
    m.left = left;
    m.room = reinterpret_cast<float*>(room.scaled);
    loops_.series_gradient(m);
    for (std::int64_t r = 0; r < m.rows; ++r) {
      if (left[r]) rows(at + Offsets{r * rows_.x, r * rows_.y, r * rows_.dy}, 1, room);
    }
  }

 private:
  LocalResponse job_of(const Offsets& at, std::int64_t count) const noexcept {
    LocalResponse m = loops_.base;
    m.rows = count;
    m.lanes = channels_ * shift_;
    m.x = loops_.x(at.x);
    m.x_pitch = rows_.x;
    m.y = loops_.y(at.y);
    m.y_pitch = rows_.y;
    m.taps = window_.taps();
    if (loops_.backward()) m.dy = loops_.dy(at.dy);
    m.dy_pitch = rows_.dy;
    return m;
  }

  void rows(const Offsets& at, std::int64_t count, const ResponseRoom& room) const noexcept {
    LocalResponse m = job_of(at, count);
    m.tap = room.tap;
    m.tap_pitch = m.terms_pitch = pitch_;
    m.terms = room.elements + window_.before * shift_;
    loops_.squares(m);
    for (std::int64_t i = 0; i < m.taps; ++i) room.tap[i] = room.elements + i * shift_;
    if (!loops_.backward()) return loops_.forward(m);
    m.scaled = room.scaled;
    m.scaled_pitch = loops_.compute() == DType::f64 ? scaled_pitch_ : 2 * scaled_pitch_;
    m.terms = room.slopes + window_.after * shift_;
    loops_.slopes(m);
    for (std::int64_t i = 0; i < m.taps; ++i) room.tap[i] = room.slopes + i * shift_;
    loops_.gradient(m);
  }

  const ResponseLoops& loops_;
  Dim rows_;
  std::span<const Dim> outer_;
  Window window_;
  GradientSeries series_;
  std::int64_t block_ = 1, blocks_ = 1, shift_ = 1, channels_ = 1, pitch_ = 0, scaled_pitch_ = 0;
};

bool unit_stride(const Dim& d, bool backward) noexcept { return d.x == 1 && d.y == 1 && (!backward || d.dy == 1); }
bool follows(const Dim& outer, const Dim& inner, bool backward) noexcept {
  return outer.x == inner.size && outer.y == inner.size && (!backward || outer.dy == inner.size);
}

// How many tiles a row of lanes is cut into where no tile is to be wider than that.
std::int64_t tiles_of(std::int64_t lanes, std::int64_t widest) noexcept { return (lanes + widest - 1) / widest; }

std::int64_t series_tiles(const Plan& plan, const LocalResponseJob& job, std::int64_t lanes) noexcept {
  const std::int64_t kept = kept_bytes / 4 / plan.cells.inner().size / 64 * 64;
  const std::int64_t widest =
      writes_what_it_reads(job) ? std::clamp(kept, narrowest_tile, widest_series) : widest_series;
  const std::int64_t others = std::max<std::int64_t>(plan.runs.elements() / lanes, 1);
  const std::int64_t shares = plan.threads > 1 ? (plan.threads * units_a_thread + others - 1) / others : 1;
  return std::max(tiles_of(lanes, widest), std::min(shares, lanes / narrowest_share));
}

void plan_columns(Plan& plan, const LocalResponseJob& job, const Dim& lanes, bool by_series) noexcept {
  const Window window = window_of(job, plan.cells.empty() ? 1 : plan.cells.inner().size);
  const bool backward = job.job.dy.present();
  const std::int64_t size = job.job.x.dtype() == DType::f64 ? 8 : 4;
  const std::int64_t bytes = window.taps() * size + (backward ? 8 * (window.taps() + window.before + 1) : 0);
  const std::int64_t widest = std::clamp(ring_bytes / bytes / 64 * 64, narrowest_tile, widest_tile);
  const std::int64_t tiles = by_series ? series_tiles(plan, job, lanes.size) : tiles_of(lanes.size, widest);
  plan.tile = rounded_up((lanes.size + tiles - 1) / tiles, lane_padding);
  plan.window = "columns";
}

void plan_rows(Plan& plan, const LocalResponseJob& job, std::int64_t shift) noexcept {
  const std::int64_t channels = plan.cells.inner().size;
  const std::int64_t bytes = 8 * Rows::row_pitch(window_of(job, channels), channels, shift);
  plan.lanes = shift;
  plan.tile = std::clamp<std::int64_t>(block_bytes / bytes, 1, most_block_rows);
  plan.window = "rows";
}

// Which loop: the window dims are plan.cells, all others plan.runs, in the order of memory.
void plan_loop(Plan& plan, const LocalResponseJob& job, const Partition& p) noexcept {
  for (const Dim& d : p.dims()) (d.role == Role::cell ? plan.cells : plan.runs).add(d);
  plan.window = "gathered";
  const bool backward = job.job.dy.present();
  if (plan.cells.dims().size() > 1 || !unit_stride(p.inner(), backward)) return;
  const Dim& inner = p.inner();
  if (inner.role == Role::cell) return plan_rows(plan, job, 1);
  const auto dims = p.dims();
  const bool by_series = gradient_series(job, plan).most >= 0;
  const bool may_join = inner.size < short_lanes && !by_series && !across_by_series(job, plan);
  if (may_join && dims.size() > 1 && dims[dims.size() - 2].role == Role::cell) {
    const Dim& rows = dims[dims.size() - 2];
    const std::int64_t bytes = 8 * Rows::row_pitch(window_of(job, rows.size), rows.size, inner.size);
    if (follows(rows, inner, backward) && bytes <= joined_bytes) {
      Partition others;
      for (const Dim& d : dims.first(dims.size() - 2)) others.add(d);
      plan.runs = others;
      return plan_rows(plan, job, inner.size);
    }
  }
  plan_columns(plan, job, inner, by_series);
}

Plan plan_of(const LocalResponseJob& job, const Context& context) noexcept {
  Plan plan;
  plan.technique = job.job.technique;
  plan.x_type = job.job.x.dtype();
  plan.y_type = job.job.y.dtype();
  plan.target = context.target;
  Partition p = job.job.partition;
  if (p.elements() == 0) return plan;
  plan.loop = Plan::Loop::windows;
  plan.threads = threads_worth(job.job, context);
  plan.streaming = worth_streaming(job.job, context);
  p.compress();
  if (p.empty()) p.add({{.x = 1, .y = 1, .dy = 1}, 1});
  plan_loop(plan, job, p);
  plan.taps = 1;
  for (const Dim& d : plan.cells.dims()) plan.taps *= window_of(job, d.size).taps();
  return plan;
}

}  // namespace

void execute(const LocalResponseJob& job, Context& context) {
  check_types(job.job);
  ContextState& state = context.state();
  state.plan = plan_of(job, context);
  state.threads_used = 1;
  if (context.explain_only || state.plan.loop == Plan::Loop::empty) return;
  const ResponseLoops loops(job, state.plan);
  try {
    const std::string_view window = state.plan.window;
    if (run_narrow_response(loops, state.plan, context)) return;
    if (window == "columns") return run_response(Columns(loops, state.plan), state.plan, context);
    if (window == "rows") return run_response(Rows(loops, state.plan), state.plan, context);
    run_gathered_response(loops, state.plan, context);
  } catch (const std::bad_alloc&) {
    throw Error(Code::memory, std::string("[") + job.job.technique + "] workspace: expected memory, got none");
  }
}

}  // namespace poise
