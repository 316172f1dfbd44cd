#include "core/plan.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>

#include "core/parallel.h"

namespace poise {
namespace {

// Shorter contiguous runs than this waste vectors and calls: they are joined into longer ones or become lanes.
constexpr std::int64_t short_run = 256;
constexpr std::int64_t widest_join = std::int64_t{1} << 16;
// Sums, pivots and coefficients of this many lanes stay in L1 and L2.
constexpr std::int64_t widest_lanes = 2048, usual_tile = 512;
// Below this many bytes a fork and join costs more than the work of a thread.
constexpr std::int64_t bytes_a_thread = 128 << 10;
// Four cells side by side must leave L2 to the four that are measured meanwhile.
constexpr std::int64_t closure_bytes = 512 << 10, first_cache_bytes = 32 << 10;

DType compute_type(DType x) noexcept { return x == DType::f64 ? DType::f64 : DType::f32; }

bool varies(const Dim& d) noexcept { return d.gamma != 0 || d.beta != 0 || d.param != 0; }

bool contiguous_with(const Dim& outer, const Dim& inner) noexcept {
  return outer.x == inner.size && outer.y == inner.size && outer.dy == inner.size && outer.z == inner.size;
}

// Whether neighbours along this dim lie `step` elements apart in all that is read and written.
bool steps(const Dim& d, std::int64_t step) noexcept {
  return d.x == step && d.y == step && d.dy == step && d.z == step;
}

std::int64_t cache_bytes() noexcept {
  static const std::int64_t bytes = std::max<std::int64_t>(sysconf(_SC_LEVEL2_CACHE_SIZE), 1 << 20);
  return bytes;
}

// Where nothing distinguishes the units of a cell they are simply its elements.
void drop_needless_units(Partition& p) noexcept {
  for (Dim& d : p.dims())
    if (d.role == Role::merged && !varies(d)) d.role = Role::reduced;
}

// Short runs whose gamma changes only from run to run, next to each other in one cell: one long run with gamma laid out
// per element.
bool joinable(const Partition& p) noexcept {
  const auto dims = p.dims();
  if (dims.size() < 2) return false;
  const Dim &inner = dims[dims.size() - 1], &next = dims[dims.size() - 2];
  return inner.role == Role::reduced && inner.size < short_run && !varies(inner) && next.role != Role::cell &&
         varies(next) && contiguous_with(next, inner) && next.size * inner.size <= widest_join;
}

// Short runs of many samples whose neighbours are other cells: lanes, with the samples as rows.
bool better_as_lanes(const Partition& p) noexcept {
  const auto dims = p.dims();
  const Dim& inner = dims.back();
  if (dims.size() < 3 || inner.size >= short_run || varies(inner)) return false;
  const Dim& next = dims[dims.size() - 2];
  return next.role == Role::cell && contiguous_with(next, inner) && p.count(Role::reduced) >= 2 * inner.size;
}

// Plans a dense copy along the dims the operand varies over (and the inner one when `along_inner`), and gives the
// partition the copy's strides.
template <std::int64_t Offsets::*kStride>
void plan_copy(Plan::Operand& operand, Partition& p, bool along_inner) noexcept {
  const auto dims = p.dims();
  std::array<std::int64_t, Partition::capacity> dense{};
  operand.copied = true;
  operand.size = 1;
  for (std::size_t i = dims.size(); i-- > 0;) {
    if (dims[i].*kStride == 0 && !(along_inner && i + 1 == dims.size())) continue;
    dense[i] = operand.size;
    operand.size *= dims[i].size;
  }
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dense[i] == 0) continue;
    operand.source.add({{.gamma = dims[i].*kStride}, dims[i].size});
    dims[i].*kStride = dense[i];
  }
}

// The per-element and per-row loops read gamma and beta in the compute type; along the inner dim with stride 1.
void make_readable(Plan& plan, const Job& job, Partition& p, bool along_inner) noexcept {
  const DType type = compute_type(job.x.dtype());
  const Dim& inner = p.inner();
  if (plan.gamma.present && (job.gamma.dtype() != type || job.gamma_offset != 0 || (along_inner && inner.gamma != 1))) {
    plan_copy<&Offsets::gamma>(plan.gamma, p, along_inner);
  }
  if (plan.beta.present && (job.beta.dtype() != type || (along_inner && inner.beta != 1))) {
    plan_copy<&Offsets::beta>(plan.beta, p, along_inner);
  }
  if (plan.param.present) plan_copy<&Offsets::param>(plan.param, p, along_inner && inner.param != 0);
}

void plan_rows(Plan& plan, const Job& job, const Context& context, Partition p) noexcept {
  plan.loop = Plan::Loop::rows;
  // Each thread's rows may stay in its own cache; lanes are shared, and what is not measured is read but once.
  if (plan.statistic != Statistic::none) plan.streaming &= worth_streaming(job, context, plan.threads);
  const bool joins = job.derivative == nullptr && joinable(p);
  plan.per_element = joins || varies(p.inner());
  if (plan.per_element) {
    make_readable(plan, job, p, true);
    for (Dim& d : p.dims())
      if (d.role == Role::merged) d.role = Role::reduced;
    p.compress();
  } else {
    for (Dim& d : p.dims())
      if (d.role == Role::reduced && varies(d)) d.role = Role::merged;
    if (plan.param.present) plan_copy<&Offsets::param>(plan.param, p, false);
  }
  const auto dims = p.dims();
  plan.length = dims.back().size;
  for (const Dim& d : dims.first(dims.size() - 1))
    (d.role == Role::cell ? plan.cells : d.role == Role::merged ? plan.units : plan.runs).add(d);
  plan.cell_elements = plan.units.elements() * plan.runs.elements() * plan.length;
  const auto bytes = plan.cell_elements * static_cast<std::int64_t>(size_of(plan.x_type));
  // Four cells that are measured, four that are mapped and their y, all in the first cache, leave no room for gamma.
  // A backward pass keeps its order, which is that of gamma's gradient, whatever the store policy.
  const bool crowded = !plan.streaming && job.derivative == nullptr && 12 * bytes > first_cache_bytes;
  plan.together = 4 * bytes > closure_bytes ? 1 : crowded ? 2 : 4;
}

// Dims from the inner one outwards that lie side by side in x and y: first units of one cell, then cells.
void take_lanes(Plan& plan, Partition& p, std::size_t most) noexcept {
  const auto dims = p.dims();
  std::size_t i = dims.size();
  Partition merged, cells;
  for (std::int64_t at = 1; i > 0 && dims.size() - i < most; --i) {
    const Dim& d = dims[i - 1];
    if (!steps(d, at)) break;
    if (d.role == Role::cell) {
      cells.add(d);
    } else if (cells.empty() && (d.role == Role::merged || i == dims.size())) {
      merged.add(d);
    } else {
      break;
    }
    at *= d.size;
  }
  const auto outermost_first = [](const Partition& from, Partition& to) {
    for (std::size_t k = from.dims().size(); k-- > 0;) to.add(from.dims()[k]);
  };
  outermost_first(cells, plan.lane_cells);
  outermost_first(merged, plan.lane_merged);
  Partition outside;
  for (const Dim& d : dims.first(i)) outside.add(d);
  p = outside;
}

// Narrow dense rows are folded several into one, so that vectors are full and output lines whole. The fold divides
// block_rows and depends on the lanes alone.
std::int64_t fold_of(const Plan& plan, const Job& job) noexcept {
  const auto rows = plan.runs.dims();
  if (job.samples_are_cells || plan.gamma_by_row || plan.gamma_by_element || rows.empty()) return 1;
  if (plan.lanes >= short_run || rows.back().x != plan.lanes || rows.back().y != plan.lanes ||
      rows.back().dy != plan.lanes || rows.back().z != plan.lanes) {
    return 1;
  }
  std::int64_t fold = 16 / std::gcd(plan.lanes, std::int64_t{16});
  const std::int64_t width = job.derivative != nullptr ? short_run / 2 : short_run;  // it has twice as much a lane
  while (fold * plan.lanes < width) fold *= 2;
  return fold;
}

std::int64_t blocks_of(const Plan& plan) noexcept {
  const auto rows = plan.runs.dims();
  if (rows.empty()) return 1;
  return elements(rows.first(rows.size() - 1)) * ((rows.back().size + plan.block - 1) / plan.block);
}

// Rows whose sums nobody takes may be cut for the threads.
std::int64_t block_of(const Plan& plan, const Job& job) noexcept {
  const auto rows = plan.runs.dims();
  if (plan.statistic != Statistic::none || job.derivative != nullptr || rows.empty()) return block_rows;
  const std::int64_t share = (rows.back().size + plan.threads - 1) / plan.threads;
  return std::min((share + plan.fold - 1) / plan.fold * plan.fold, block_rows);
}

// Tiles of about the same width. Where there are fewer of them, and fewer blocks of rows, than threads they are made
// narrower; the sums of a lane do not depend on the tile that it is in.
std::int64_t tile_of(const Plan& plan) noexcept {
  const std::int64_t whole = std::lcm(std::max<std::int64_t>(plan.lane_merged.elements(), 1), std::int64_t{16});
  const auto cut = [&](std::int64_t tiles) {
    const std::int64_t width = (plan.lanes + tiles - 1) / tiles;
    return std::min(plan.lanes, (width + whole - 1) / whole * whole);
  };
  const std::int64_t tiles = plan.lanes <= widest_lanes ? 1 : (plan.lanes + usual_tile - 1) / usual_tile;
  const bool chunks_by_tiles = plan.param.present && (plan.gamma_by_row || plan.gamma_by_element);
  const std::int64_t closures = plan.cells.elements() * tiles, threads = plan.threads;
  if (closures >= threads || blocks_of(plan) >= threads || chunks_by_tiles) return cut(tiles);
  const std::int64_t narrow = (threads + plan.cells.elements() - 1) / plan.cells.elements();
  return cut(std::clamp(plan.lanes / short_run, tiles, std::max(tiles, narrow)));
}

void plan_columns(Plan& plan, const Job& job, Partition p) noexcept {
  plan.loop = Plan::Loop::columns;
  const auto row_varies = [](const Dim& d) { return d.role != Role::cell && varies(d); };
  const auto outer = p.dims().first(p.dims().size() - 1);
  const bool rows_vary = std::any_of(outer.begin(), outer.end(), row_varies);
  take_lanes(plan, p, rows_vary ? 1 : Partition::capacity);
  bool lanes_vary = false;
  for (const Partition* lanes : {&plan.lane_cells, &plan.lane_merged})
    for (const Dim& d : lanes->dims()) lanes_vary |= varies(d);
  plan.gamma_by_row = rows_vary && !lanes_vary;
  plan.gamma_by_element = rows_vary && lanes_vary;
  if (rows_vary || plan.param.present) {
    // Copies want one partition: outside dims, then the lanes; afterwards they are taken apart again.
    Partition all = p;
    for (const Partition* lanes : {&plan.lane_cells, &plan.lane_merged})
      for (const Dim& d : lanes->dims()) all.add(d);
    if (rows_vary) {
      make_readable(plan, job, all, plan.gamma_by_element);
    } else {
      plan_copy<&Offsets::param>(plan.param, all, false);
    }
    std::size_t i = 0;
    for (Partition* part : {&p, &plan.lane_cells, &plan.lane_merged})
      for (Dim& d : part->dims()) d = all.dims()[i++];
  }
  for (const Dim& d : p.dims()) (d.role == Role::cell ? plan.cells : plan.runs).add(d);
  plan.lanes = plan.lane_cells.elements() * plan.lane_merged.elements();
  plan.cell_elements = plan.runs.elements() * plan.lane_merged.elements();
  plan.fold = fold_of(plan, job);
  plan.block = block_of(plan, job);
  plan.tile = tile_of(plan);
}

// The dim along which channels lie side by side in x, forwards or backwards; null where there is none.
const Dim* channel_of(const Partition& p) noexcept {
  for (const Dim& d : p.dims())
    if (std::abs(d.x) == 1 && d.size <= Plan::widest_pixel) return &d;
  return nullptr;
}

// Images as cameras and decoders give them: pixels of a few channels, which y wants as planes, in another order, or not
// all of. Only maps: what is measured would be taken apart twice.
bool plan_pixels(Plan& plan, const Job& job, const Partition& p) noexcept {
  if (job.statistic != Statistic::none || !job.maps || job.derivative != nullptr || job.epilogue.present())
    return false;
  const auto dims = p.dims();
  const Dim* channel = channel_of(p);
  const bool packed = channel == &dims.back() && channel->y == 1;
  const std::int64_t channels = channel == nullptr ? 1 : channel->size;
  std::size_t i = dims.size() - (packed ? 1 : 0);
  Partition inwards, pixels;
  for (std::int64_t span = packed ? channels : 1; i > 0; --i) {
    const Dim& d = dims[i - 1];
    if (&d == channel || d.y != span || d.role != Role::reduced || varies(d)) break;
    inwards.add(d);
    span *= d.size;
  }
  // A job of one pixel; where many pixels are apart, laying each out would cost more than one element at a time.
  if (inwards.empty() && packed && p.elements() == channels) inwards.add({{.x = channels, .y = channels}, 1});
  if (inwards.empty()) return false;
  const std::int64_t width = inwards.dims()[0].x;
  if (width < std::max<std::int64_t>(channels, 2) || width > Plan::widest_pixel) return false;
  if (packed && channel->x == 1 && width == channels) return false;  // y is as x is
  for (std::size_t k = inwards.dims().size(); k-- > 0;) pixels.add(inwards.dims()[k]);
  plan.loop = Plan::Loop::pixels;
  plan.packed = packed;
  plan.pixels = pixels;
  plan.length = pixels.elements();
  plan.channel = channel == nullptr ? Dim{} : *channel;
  if (channel == nullptr) plan.channel.x = 1;
  for (const Dim& d : dims.first(i))
    if (&d != channel) (d.role == Role::cell ? plan.cells : plan.runs).add(d);
  return true;
}

void plan_strided(Plan& plan, Partition p) noexcept {
  plan.loop = Plan::Loop::strided;
  if (plan.param.present) plan_copy<&Offsets::param>(plan.param, p, false);
  for (const Dim& d : p.dims()) (d.role == Role::cell ? plan.cells : plan.runs).add(d);
  plan.cell_elements = plan.runs.elements();
}

void plan_loop(Plan& plan, const Job& job, const Context& context, const Partition& p) noexcept {
  const Dim& inner = p.inner();
  if (job.mask.present()) return plan_strided(plan, p);
  if (plan_pixels(plan, job, p)) return;
  if (!steps(inner, 1)) return plan_strided(plan, p);
  if (inner.role == Role::reduced && !better_as_lanes(p)) return plan_rows(plan, job, context, p);
  plan_columns(plan, job, p);
}

}  // namespace

int threads_worth(const Job& job, const Context& context) noexcept {
  const auto bytes = job.x.elements() * static_cast<std::int64_t>(size_of(job.x.dtype()) + size_of(job.y.dtype()));
  return static_cast<int>(std::clamp<std::int64_t>(bytes / bytes_a_thread, 1, threads_allowed(context)));
}

bool worth_streaming(const Job& job, const Context& context, int caches) noexcept {
  if (context.store != StorePolicy::automatic) return context.store == StorePolicy::streaming;
  const auto out = job.y.elements() * static_cast<std::int64_t>(size_of(job.y.dtype()));
  const auto in = job.x.elements() * static_cast<std::int64_t>(size_of(job.x.dtype()));
  return job.x.data() != job.y.data() && in + out > caches * cache_bytes();
}

Plan make_plan(const Job& job, const Context& context) {
  Plan plan;
  plan.technique = job.technique;
  plan.x_type = job.x.dtype();
  plan.y_type = job.y.dtype();
  plan.target = context.target;
  plan.statistic = job.statistic;
  plan.gamma.present = job.gamma.present();
  plan.beta.present = job.beta.present();
  plan.param.present = job.dgamma != nullptr || job.dbeta != nullptr;
  Partition p = job.partition;
  if (p.elements() == 0) return plan;
  plan.threads = threads_worth(job, context);
  plan.streaming = job.maps && !job.epilogue.present() && worth_streaming(job, context);
  drop_needless_units(p);
  p.compress();
  if (p.empty()) p.add({{.x = 1, .y = 1, .dy = 1, .z = 1}, 1});
  plan_loop(plan, job, context, p);
  const bool measures = plan.statistic == Statistic::moments || plan.statistic == Statistic::power;
  const bool plain = job.maps && !job.epilogue.present() && plan.x_type == plan.y_type;
  plan.fused = plan.loop == Plan::Loop::rows && measures && plain && job.derivative == nullptr;
  return plan;
}

}  // namespace poise
