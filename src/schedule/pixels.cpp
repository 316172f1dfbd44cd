// Maps of images whose pixels y takes apart or lays anew. A stretch of pixels at a time is copied into L1 as y has it,
// and mapped from there by the same loops as ever: x is read once, y is written once.

#include "schedule/pixels.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/parallel.h"
#include "kernels/kernels.h"
#include "schedule/elements.h"
#include "schedule/operands.h"

namespace poise {
namespace {

constexpr int most_channels = Plan::widest_pixel;
// What a thread takes at once; and what is copied at once, with as much more as lines of planes may end later.
constexpr std::int64_t share_pixels = 1 << 14, stretch_pixels = 1 << 10, stretch_bytes = 1 << 12, line_bytes = 64;
// Packed pixels that are mapped as one row of lanes: they divide a stretch, and are whole lines of any type.
constexpr std::int64_t row_pixels = 128;

// A part of an image: what all of its pixels share.
struct Share {
  Offsets base;
  std::int64_t begin = 0, end = 0;
  CellAffine affine[most_channels];
  Coefficients coefficients[most_channels];
  bool exactly[most_channels] = {}, any_exactly = false;
};

class PixelMap {
 public:
  PixelMap(const Job& job, const Plan& plan, Context& context)
      : job_(job),
        plan_(plan),
        kernels_(kernels_for(plan.target)),
        operands_(readable_operands(job, plan, context.state().workspace)),
        elements_(job, operands_),
        channels_(static_cast<int>(plan.channel.size)),
        cell_channels_(plan.channel.role == Role::cell ? channels_ : 1),
        runs_(plan.runs.elements()),
        shares_((plan.length + share_pixels - 1) / share_pixels),
        stretch_(std::min(stretch_pixels, stretch_bytes / static_cast<std::int64_t>(size_of(plan.x_type)))),
        affine_(context.state().workspace.take<CellAffine>(plan.cells.elements() * cell_channels_)),
        used_(context.state().threads_used) {}

  void run() const {
    const std::int64_t cells = plan_.cells.elements();
    parallel_for(plan_.threads, cells, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t cell = begin; cell < end; ++cell) merge(cell);
    });
    used_ = parallel_for(plan_.threads, cells * runs_ * shares_, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) map(share(i));
      fence_streams();
    });
  }

 private:
  // Nothing was measured, so that all cells are merged before anything is mapped.
  void merge(std::int64_t cell) const noexcept {
    const std::int64_t first = offsets_at(plan_.cells.dims(), cell).cell;
    for (std::int64_t c = 0; c < cell_channels_; ++c) {
      affine_[cell * cell_channels_ + c] = (*job_.merge)(first + c * plan_.channel.cell, {});
    }
  }

  Share share(std::int64_t index) const noexcept {
    const std::int64_t cell = index / shares_ / runs_;
    Share s;
    s.base = offsets_at(plan_.cells.dims(), cell) + offsets_at(plan_.runs.dims(), index / shares_ % runs_);
    s.begin = index % shares_ * share_pixels;
    s.end = std::min(s.begin + share_pixels, plan_.length);
    for (int c = 0; c < channels_; ++c) {
      const Offsets at = s.base + c * plan_.channel;
      s.affine[c] = affine_[cell * cell_channels_ + (cell_channels_ == 1 ? 0 : c)];
      s.exactly[c] = extreme(s.affine[c], plan_.x_type);
      s.any_exactly |= s.exactly[c];
      s.coefficients[c] =
          coefficients_of(s.affine[c], operands_.gamma.value(at.gamma), operands_.beta.value(at.beta), plan_.x_type);
    }
    return s;
  }

  void map(const Share& s) const noexcept {
    if (plan_.packed) {
      map_packed(s);
    } else {
      map_planes(s);
    }
    if (!s.any_exactly) return;
    // Beyond float32 coefficients: over what the loops wrote.
    for (std::int64_t i = s.begin; i < s.end; ++i) {
      const Offsets at = s.base + offsets_at(plan_.pixels.dims(), i);
      for (int c = 0; c < channels_; ++c)
        if (s.exactly[c]) elements_.map(at + c * plan_.channel, Partition(), s.affine[c]);
    }
  }

  // --- the copy ---

  // Pixels [first, last) of a share as y has them: row by row, where x's rows do not follow each other.
  void copy(const Share& s, std::int64_t first, std::int64_t last, std::byte* to) const noexcept {
    const Dim& row = plan_.pixels.inner();
    const bool reversed = plan_.channel.x < 0;
    const std::int64_t lowest = reversed ? (1 - channels_) : 0, a_pixel = plan_.packed ? channels_ : 1;
    const auto& table = plan_.packed ? kernels_.pack_pixels : kernels_.split_pixels;
    Pixels p;
    p.pitch = pitch();
    p.ahead = stretch_ * row.x;
    p.width = static_cast<int>(row.x);
    p.channels = channels_;
    p.reversed = reversed;
    for (std::int64_t i = first; i < last; i += p.count) {
      p.count = std::min(last - i, row.size - i % row.size);
      p.x = address(job_.x.data(), plan_.x_type, s.base.x + offsets_at(plan_.pixels.dims(), i).x + lowest);
      p.to = address(to, plan_.x_type, (i - first) * a_pixel);
      table[static_cast<int>(plan_.x_type)](p);
    }
  }

  std::int64_t pitch() const noexcept { return stretch_ + line_bytes; }

  // --- planes ---

  // A plane's part of each stretch begins and ends where one of its lines does, so that no line is written in parts.
  std::int64_t line_of(const Share& s, int c) const noexcept {
    const auto size = static_cast<std::int64_t>(size_of(plan_.y_type));
    const auto at = reinterpret_cast<std::uintptr_t>(plane(s, c, s.begin));
    return static_cast<std::int64_t>(-at % line_bytes) / size;
  }

  void* plane(const Share& s, int c, std::int64_t pixel) const noexcept {
    return address(job_.y.data(), plan_.y_type, s.base.y + c * plan_.channel.y + pixel);
  }

  void map_planes(const Share& s) const noexcept {
    alignas(64) std::byte staged[most_channels * (stretch_bytes + line_bytes * sizeof(double))];
    std::int64_t line[most_channels];
    for (int c = 0; c < channels_; ++c) line[c] = plan_.streaming ? line_of(s, c) : 0;
    for (std::int64_t at = s.begin; at < s.end; at += stretch_) {
      const std::int64_t next = at + stretch_;
      copy(s, at, std::min(next + (plan_.streaming ? line_bytes : 0), s.end), staged);
      MapStreams m;
      m.streaming = plan_.streaming;
      std::int64_t length = 0;
      for (int c = 0; c < channels_; ++c) {
        const std::int64_t from = at == s.begin ? at : std::min(at + line[c], s.end);
        const std::int64_t to = std::min(next + line[c], s.end);
        if (m.count > 0 && to - from != length) flush(m, length);
        length = to - from;
        add_plane(s, c, from, address(staged, plan_.x_type, c * pitch() + from - at), m);
      }
      flush(m, length);
    }
  }

  void add_plane(const Share& s, int c, std::int64_t from, const void* x, MapStreams& m) const noexcept {
    const Coefficients& co = s.coefficients[c];
    m.x[m.count] = x;
    m.y[m.count] = plane(s, c, from);
    m.hi[m.count] = co.hi;
    m.scale[m.count] = co.scale;
    m.shift[m.count] = co.shift;
    m.gamma[m.count] = m.beta[m.count] = nullptr;
    ++m.count;
  }

  void flush(MapStreams& m, std::int64_t length) const noexcept {
    kernels_.map_rows[static_cast<int>(plan_.x_type)][static_cast<int>(plan_.y_type)](m, length);
    m.count = 0;
  }

  // --- packed ---

  void map_packed(const Share& s) const noexcept {
    if (plan_.x_type == DType::f64) {
      map_packed_as<double>(s);
    } else {
      map_packed_as<float>(s);
    }
  }

  template <class T>
  void map_packed_as(const Share& s) const noexcept {
    alignas(64) std::byte staged[most_channels * stretch_bytes];
    constexpr std::int64_t room = most_channels * row_pixels + lane_padding;
    alignas(64) T hi[room], scale[room], shift[room];
    for (std::int64_t j = 0; j < row_pixels; ++j) {
      for (int c = 0; c < channels_; ++c) {
        const std::int64_t lane = j * channels_ + c;
        hi[lane] = static_cast<T>(s.coefficients[c].hi);
        scale[lane] = static_cast<T>(s.coefficients[c].scale);
        shift[lane] = static_cast<T>(s.coefficients[c].shift);
      }
    }
    MapColumns m;
    m.hi = hi;
    m.scale = scale;
    m.shift = shift;
    m.x_stride = m.y_stride = row_pixels * channels_;
    m.streaming = plan_.streaming;
    for (std::int64_t at = s.begin; at < s.end; at += stretch_) {
      const std::int64_t pixels = std::min(stretch_, s.end - at), rows = pixels / row_pixels;
      copy(s, at, at + pixels, staged);
      map_rows(s, at, staged, rows, row_pixels, m);
      const std::int64_t done = rows * row_pixels;
      map_rows(s, at + done, address(staged, plan_.x_type, done * channels_), 1, pixels - done, m);
    }
  }

  // Rows of as many pixels, mapped as lanes.
  void map_rows(const Share& s, std::int64_t first, const void* x, std::int64_t rows, std::int64_t pixels,
                MapColumns& m) const noexcept {
    m.x = x;
    m.y = address(job_.y.data(), plan_.y_type, s.base.y + first * channels_);
    m.rows = rows;
    m.lanes = pixels * channels_;
    if (rows * pixels > 0) kernels_.map_columns[static_cast<int>(plan_.x_type)][static_cast<int>(plan_.y_type)](m);
  }

  const Job& job_;
  const Plan& plan_;
  const Kernels& kernels_;
  Operands operands_;
  Elements elements_;
  int channels_, cell_channels_;
  std::int64_t runs_, shares_, stretch_;
  CellAffine* affine_;
  int& used_;
};

}  // namespace

void run_pixels(const Job& job, const Plan& plan, Context& context) { PixelMap(job, plan, context).run(); }

}  // namespace poise
