#include "schedule/matrix.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/element.h"
#include "core/parallel.h"
#include "schedule/operands.h"

namespace poise {
namespace {

// What a line is cut into: few enough elements for a copy on the stack, enough to be worth a call; of contiguous lines
// as many as leave their vector in the second cache.
constexpr std::int64_t longest_copy = 1024, longest_contiguous = 8192;
// Bytes between lines read one after the other; what is farther would leave the second cache before it is read.
constexpr std::int64_t farthest = 128 * 1024;
// Fewer elements of the matrix are not worth a thread; a call reads them several times.
constexpr std::int64_t elements_a_thread = 16 * 1024;

}  // namespace

Matrix::Matrix(const ConstTensorView& x, int row_axis, Context& context, const ConstTensorView& dy,
               const TensorView& dx) noexcept
    : x_(x), dy_(dy), dx_(dx), kernels_(matrix_kernels_for(context.target)) {
  threads_ = static_cast<int>(
      std::clamp<std::int64_t>(x.elements() / elements_a_thread, 1, std::max(threads_allowed(context), 1)));
  rows_ = x.size(row_axis);
  order_columns(row_axis);
  for (int i = 0; i < line_dims_; ++i) line_count_ *= lines_[static_cast<std::size_t>(i)].size;
  for (int i = 0; i < segment_dims_; ++i) segment_count_ *= segments_[static_cast<std::size_t>(i)].size;
  const auto steps_by_one = [&](const auto& view, std::int64_t step) { return !view.present() || step == 1; };
  contiguous_ = x.dtype() != DType::u8 && steps_by_one(x_, inner_.x) && steps_by_one(dy_, inner_.dy) &&
                steps_by_one(dx_, inner_.dx);
  longest_ = contiguous_ ? longest_contiguous : longest_copy;
}

bool Matrix::joinable(const LineDim& outer, const LineDim& inner) const noexcept {
  return outer.x == inner.size * inner.x && (!dy_.present() || outer.dy == inner.size * inner.dy) &&
         (!dx_.present() || outer.dx == inner.size * inner.dx);
}

void Matrix::order_columns(int row_axis) noexcept {
  const auto dim = [&](int axis) {
    return LineDim{x_.size(axis), x_.stride(axis), dy_.present() ? dy_.stride(axis) : 0,
                   dx_.present() ? dx_.stride(axis) : 0};
  };
  int order[max_rank];
  for (int axis = 0; axis < x_.rank(); ++axis)
    if (axis != row_axis) order[axes_++] = axis;
  for (int i = 0; i < axes_; ++i) sizes_[static_cast<std::size_t>(i)] = x_.size(order[i]);
  const auto place = [&](int axis) { return static_cast<std::size_t>(axis > row_axis ? axis - 1 : axis); };
  // As they lie in memory; by insertion, which keeps what is equal in order and allocates nothing.
  for (int i = 1; i < axes_; ++i)
    for (int k = i; k > 0 && std::abs(x_.stride(order[k])) > std::abs(x_.stride(order[k - 1])); --k)
      std::swap(order[k], order[k - 1]);
  for (int i = axes_; i-- > 0;) {
    steps_[place(order[i])] = columns_;
    columns_ *= x_.size(order[i]);
  }
  LineDims columns{};
  int count = 0;
  for (int i = 0; i < axes_; ++i) {
    const LineDim d = dim(order[i]);
    if (d.size == 1) continue;
    if (LineDim* last = count > 0 ? &columns[static_cast<std::size_t>(count - 1)] : nullptr;
        last && joinable(*last, d)) {
      *last = {last->size * d.size, d.x, d.dy, d.dx};
    } else {
      columns[static_cast<std::size_t>(count++)] = d;
    }
  }
  const LineDim row = dim(row_axis);
  along_rows_ = count > 0 && (row.x != 1 || rows_ == 1 || columns[static_cast<std::size_t>(count - 1)].x == 1);
  if (along_rows_) {
    lines_[0] = row;
    line_dims_ = 1;
    segments_ = columns;
    segment_dims_ = count - 1;
    inner_ = columns[static_cast<std::size_t>(count - 1)];
  } else {
    lines_ = columns;
    line_dims_ = count;
    inner_ = row;
  }
}

std::int64_t Matrix::column_of(std::int64_t index) const noexcept {
  std::int64_t column = 0;
  for (int i = axes_; i-- > 0;) {
    const auto axis = static_cast<std::size_t>(i);
    column += index % sizes_[axis] * steps_[axis];
    index /= sizes_[axis];
  }
  return column;
}

Matrix::Start Matrix::start(const LineDims& dims, int count, std::int64_t index) noexcept {
  Start s;
  for (int i = count; i-- > 0;) {
    const LineDim& d = dims[static_cast<std::size_t>(i)];
    const std::int64_t k = i > 0 ? index % d.size : index;
    s.x += k * d.x;
    s.dy += k * d.dy;
    s.dx += k * d.dx;
    if (i > 0) index /= d.size;
  }
  return s;
}

std::int64_t Matrix::pieces_a_line(std::int64_t longest) const noexcept {
  return segment_count_ * ((inner_.size + longest - 1) / longest);
}

Matrix::Piece Matrix::piece(std::int64_t index, std::int64_t longest) const noexcept {
  const std::int64_t a_line = pieces_a_line(longest), a_segment = a_line / segment_count_, rest = index % a_line;
  const std::int64_t part = rest / a_segment, from = rest % a_segment * longest;
  Piece p;
  p.line = index / a_line;
  p.position = part * inner_.size + from;
  p.length = std::min(longest, inner_.size - from);
  const Start of_line = start(lines_, line_dims_, p.line), of_part = start(segments_, segment_dims_, part);
  p.at = {of_line.x + of_part.x + from * inner_.x, of_line.dy + of_part.dy + from * inner_.dy,
          of_line.dx + of_part.dx + from * inner_.dx};
  return p;
}

Matrix::Stretch Matrix::read(const ConstTensorView& from, std::int64_t at, std::int64_t step, std::int64_t length,
                             double* room) const noexcept {
  if (contiguous_) return {address(from.data(), from.dtype(), at), static_cast<int>(from.dtype())};
  for (std::int64_t i = 0; i < length; ++i) room[i] = element_at(from.data(), from.dtype(), at + i * step);
  return {room, static_cast<int>(DType::f64)};
}

template <class F>
void Matrix::parallel(std::int64_t count, F&& body) const noexcept {
  used_ = std::max(used_, parallel_for(threads_, count, [&](std::int64_t begin, std::int64_t end, int) {
                     for (std::int64_t i = begin; i < end; ++i) body(i);
                   }));
}

Lines Matrix::lines_at(std::int64_t line, const Start& at) const noexcept {
  Lines m;
  const auto x = [&](std::int64_t k) {
    return static_cast<const std::byte*>(address(x_.data(), x_.dtype(), at.x + start(lines_, line_dims_, k).x));
  };
  for (int k = 0; k < lines_together; ++k) m.x[k] = x(line + k);
  const bool more = line + 2 * lines_together <= line_count_;
  const std::int64_t next = more ? x(line + lines_together) - x(line) : 0;
  m.ahead = std::abs(next) <= farthest ? next : 4096;
  return m;
}

void Matrix::gather_together(std::int64_t line, const double* in, double* out) const noexcept {
  std::fill_n(out + line, lines_together, 0.0);
  for (std::int64_t i = 0; i < pieces_a_line(longest_); ++i) {
    const Piece p = piece(i, longest_);
    kernels_.dots[static_cast<int>(x_.dtype())](lines_at(line, p.at), in + p.position, out + line, p.length);
  }
}

double Matrix::gather_line(std::int64_t line, const double* in) const noexcept {
  double sum = 0;
  const std::int64_t count = pieces_a_line(longest_);
  for (std::int64_t i = line * count; i < (line + 1) * count; ++i) {
    const Piece p = piece(i, longest_);
    double room[longest_copy];
    const Stretch x = read(x_, p.at.x, inner_.x, p.length, room);
    sum += kernels_.dot[x.type](x.data, in + p.position, p.length);
  }
  return sum;
}

void Matrix::gather_lines(std::int64_t line, std::int64_t end, const double* in, double* out) const noexcept {
  if (contiguous_ && end - line == lines_together) return gather_together(line, in, out);
  for (; line < end; ++line) out[line] = gather_line(line, in);
}

void Matrix::gather(const double* in, double* out) const noexcept {
  const int together = contiguous_ ? lines_together : 1;
  parallel((line_count_ + together - 1) / together, [&](std::int64_t block) {
    gather_lines(block * together, std::min((block + 1) * together, line_count_), in, out);
  });
}

void Matrix::spread_line(std::int64_t line, const Piece& p, const double* in, double* sums) const noexcept {
  double room[longest_copy];
  const std::int64_t at = p.at.x + start(lines_, line_dims_, line).x;
  const Stretch x = read(x_, at, inner_.x, p.length, room);
  kernels_.add[x.type](x.data, in[line], sums, p.length);
}

// Lines in their order, to which threads and widths make no difference.
void Matrix::spread_piece(const Piece& p, std::int64_t line, std::int64_t end, const double* in,
                          double* sums) const noexcept {
  for (; contiguous_ && line + lines_together <= end; line += lines_together) {
    kernels_.adds[static_cast<int>(x_.dtype())](lines_at(line, p.at), in + line, sums, p.length);
  }
  for (; line < end; ++line) spread_line(line, p, in, sums);
}

// As many stretches of a line as keep all threads busy to the end.
std::int64_t Matrix::widest_spread() const noexcept {
  constexpr std::int64_t grain = 64;
  const std::int64_t all = pieces_a_line(longest_);
  const std::int64_t shares = (all + threads_ - 1) / threads_ * threads_;
  const std::int64_t a_segment = (shares + segment_count_ - 1) / segment_count_;
  return std::min(longest_, (inner_.size / a_segment / grain + 1) * grain);
}

// Threads take stretches of the result.
void Matrix::spread(const double* in, double* out) const noexcept {
  const std::int64_t widest = widest_spread();
  parallel(pieces_a_line(widest), [&](std::int64_t index) {
    const Piece p = piece(index, widest);
    std::fill_n(out + p.position, p.length, 0.0);
    spread_piece(p, 0, line_count_, in, out + p.position);
  });
}

std::int64_t Matrix::chunks() const noexcept {
  constexpr std::int64_t fewest_lines = 32, most = 8;
  return std::clamp<std::int64_t>(line_count_ / fewest_lines, 1, most);
}

// Not of float64, whose range the second product might leave where that of a vector of length 1 does not.
bool Matrix::reads_once(bool rows) const noexcept {
  const std::int64_t bytes = (along_rows_ ? columns_ : rows_) * static_cast<std::int64_t>(size_of(x_.dtype()));
  return rows == along_rows_ && contiguous_ && x_.dtype() != DType::f64 && chunks() > 1 && bytes <= farthest;
}

void Matrix::gather_and_spread(std::int64_t line, std::int64_t end, const double* in, double* out,
                               double* sums) const noexcept {
  for (; line < end; line += lines_together) {
    const std::int64_t last = std::min(line + lines_together, end);
    gather_lines(line, last, in, out);
    for (std::int64_t i = 0; i < pieces_a_line(longest_); ++i) {
      const Piece p = piece(i, longest_);
      spread_piece(p, line, last, out, sums + p.position);
    }
  }
}

// Threads take chunks of the lines.
void Matrix::once(const double* in, double* first, double* second, double* room) const noexcept {
  const std::int64_t count = chunks(), length = along_rows_ ? columns_ : rows_;
  const auto begin = [&](std::int64_t chunk) { return chunk_begin(line_count_, count, lines_together, chunk); };
  parallel(count, [&](std::int64_t chunk) {
    double* sums = room + chunk * length;
    std::fill_n(sums, length, 0.0);
    gather_and_spread(begin(chunk), begin(chunk + 1), in, first, sums);
  });
  std::copy_n(room, length, second);
  for (std::int64_t chunk = 1; chunk < count; ++chunk) {
    kernels_.add[static_cast<int>(DType::f64)](room + chunk * length, 1, second, length);
  }
}

double Matrix::product(double* parts) const noexcept {
  parallel(pieces(), [&](std::int64_t index) {
    const Piece p = piece(index, longest_);
    double room[longest_copy], other[longest_copy];
    const Stretch x = read(x_, p.at.x, inner_.x, p.length, room);
    const Stretch dy = read(dy_, p.at.dy, inner_.dy, p.length, other);
    parts[index] = kernels_.product[x.type](x.data, dy.data, p.length);
  });
  double sum = 0;
  for (std::int64_t i = 0; i < pieces(); ++i) sum += parts[i];
  return sum;
}

void Matrix::rank_one(double a, const double* u, const double* v) const noexcept {
  const double* of_line = along_rows_ ? u : v;
  const double* along = along_rows_ ? v : u;
  parallel(pieces(), [&](std::int64_t index) {
    const Piece p = piece(index, longest_);
    double room[longest_copy];
    const Stretch dy = read(dy_, p.at.dy, inner_.dy, p.length, room);
    void* to = contiguous_ ? address(dx_.data(), dx_.dtype(), p.at.dx) : room;
    kernels_.rank_one[dy.type]({dy.data, to, along + p.position, a, of_line[p.line]}, p.length);
    for (std::int64_t i = 0; !contiguous_ && i < p.length; ++i) {
      set_element(dx_.data(), dx_.dtype(), p.at.dx + i * inner_.dx, room[i]);
    }
  });
}

void Matrix::copy_to(double* dense) const noexcept {
  const bool by_lines = along_rows_ == (rows_ <= columns_);
  const std::int64_t width = std::max(rows_, columns_);
  parallel(pieces(), [&](std::int64_t index) {
    const Piece p = piece(index, longest_);
    for (std::int64_t i = 0; i < p.length; ++i) {
      const std::int64_t to = by_lines ? p.line * width + p.position + i : (p.position + i) * width + p.line;
      dense[to] = element_at(x_.data(), x_.dtype(), p.at.x + i * inner_.x);
    }
  });
}

}  // namespace poise
