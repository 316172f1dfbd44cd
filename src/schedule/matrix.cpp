#include "schedule/matrix.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/element.h"
#include "core/parallel.h"
#include "schedule/operands.h"

namespace poise {
namespace {

// What a line is cut into: few enough elements for a copy on the stack, enough to be worth a call.
constexpr std::int64_t longest = 1024;
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
  pieces_a_line_ = segment_count_ * ((inner_.size + longest - 1) / longest);
  const auto steps_by_one = [&](const auto& view, std::int64_t step) { return !view.present() || step == 1; };
  contiguous_ = x.dtype() != DType::u8 && steps_by_one(x_, inner_.x) && steps_by_one(dy_, inner_.dy) &&
                steps_by_one(dx_, inner_.dx);
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

Matrix::Piece Matrix::piece(std::int64_t index) const noexcept {
  const std::int64_t a_segment = pieces_a_line_ / segment_count_, rest = index % pieces_a_line_;
  const std::int64_t part = rest / a_segment, from = rest % a_segment * longest;
  Piece p;
  p.line = index / pieces_a_line_;
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

void Matrix::gather(const double* in, double* out) const noexcept {
  parallel(line_count_, [&](std::int64_t line) {
    double sum = 0;
    for (std::int64_t i = line * pieces_a_line_; i < (line + 1) * pieces_a_line_; ++i) {
      const Piece p = piece(i);
      double room[longest];
      const Stretch x = read(x_, p.at.x, inner_.x, p.length, room);
      sum += kernels_.dot[x.type](x.data, in + p.position, p.length);
    }
    out[line] = sum;
  });
}

// Threads take stretches of the result, each of which adds up all lines in their order.
void Matrix::spread(const double* in, double* out) const noexcept {
  parallel(pieces_a_line_, [&](std::int64_t index) {
    const Piece first = piece(index);
    double* sums = out + first.position;
    std::fill_n(sums, first.length, 0.0);
    for (std::int64_t line = 0; line < line_count_; ++line) {
      double room[longest];
      const std::int64_t at = first.at.x + start(lines_, line_dims_, line).x;
      const Stretch x = read(x_, at, inner_.x, first.length, room);
      kernels_.add[x.type](x.data, in[line], sums, first.length);
    }
  });
}

double Matrix::product(double* parts) const noexcept {
  parallel(pieces(), [&](std::int64_t index) {
    const Piece p = piece(index);
    double room[longest], other[longest];
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
    const Piece p = piece(index);
    double room[longest];
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
    const Piece p = piece(index);
    for (std::int64_t i = 0; i < p.length; ++i) {
      const std::int64_t to = by_lines ? p.line * width + p.position + i : (p.position + i) * width + p.line;
      dense[to] = element_at(x_.data(), x_.dtype(), p.at.x + i * inner_.x);
    }
  });
}

}  // namespace poise
