// Local response norm's loops for every SIMD instruction set that this compiler can make.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/local_response.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include "kernels/local_response-inl.h"
#include "kernels/pairs.h"
#include "kernels/response_across-inl.h"
#include "kernels/response_along-inl.h"
#include "kernels/response_gradient-inl.h"
#include "kernels/response_gradient_across-inl.h"
#include "kernels/response_series_across-inl.h"
#include "kernels/response_series_along-inl.h"
#include "kernels/response_series_planes-inl.h"
#include "kernels/tables.h"

HWY_BEFORE_NAMESPACE();
namespace poise {
namespace HWY_NAMESPACE {

// Calls piece(row, first, lanes) along every row. Where there is a y and it is written past the cache, all pieces but
// the first begin a line of it.
template <class Y, class Piece>
HWY_INLINE void for_pieces(const LocalResponse& m, const Y* y, Piece piece) {
  constexpr auto line = static_cast<std::int64_t>(64 / sizeof(Y));
  for (std::int64_t r = 0; r < m.rows; ++r) {
    const std::int64_t head = m.streaming && y != nullptr ? elements_to_line(y + r * m.y_pitch, line) % line : 0;
    std::int64_t end = head > 0 ? response_piece - line + head : response_piece;
    for (std::int64_t j = 0; j < m.lanes; j = end, end += response_piece)
      piece(r, j, (m.lanes < end ? m.lanes : end) - j);
  }
}

inline constexpr std::size_t piece_room = response_piece + max_step;

template <class X>
struct Widen {
  using T = Compute<X>;
  static void run(const LocalResponse& m) {
    const auto vector = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
    for (std::int64_t r = 0; r < m.rows; ++r) {
      const X* x = static_cast<const X*>(m.x) + r * m.x_pitch;
      T* elements = static_cast<T*>(m.elements) + r * m.elements_pitch;
      std::int64_t j = 0;
      for (; j + vector <= m.lanes; j += vector) {
        hwy::Prefetch(x + j + m.x_pitch);
        store(load(x + j), elements + j, false);
      }
      if (j < m.lanes) store(load(Padded<X>(x + j, m.lanes - j).lanes), elements + j, false);
    }
  }
};
template <class X>
struct Squares {
  static void run(const LocalResponse& m) {
    const auto half = static_cast<std::int64_t>(hn::Lanes(DD()));
    for (std::int64_t r = 0; r < m.rows; ++r) {
      const X* x = static_cast<const X*>(m.x) + r * m.x_pitch;
      double* terms = m.terms + r * m.terms_pitch;
      const auto one = [&](const X* px, std::int64_t j) HWY_ATTR {
        VD a, b;
        load_step(px, a, b);
        hn::StoreU(hn::Mul(a, a), DD(), terms + j);
        hn::StoreU(hn::Mul(b, b), DD(), terms + j + half);
      };
      std::int64_t j = 0;
      for (; j + step() <= m.lanes; j += step()) {
        prefetch(x + j + m.rows * m.x_pitch, step());  // of the next block of rows
        one(x + j, j);
      }
      if (j < m.lanes) one(Padded<X>(x + j, m.lanes - j).lanes, j);
    }
  }
};

template <class T>
void forward_piece(const LocalResponse& m, std::int64_t at, const T* b, const T* x, T* y, std::int64_t lanes,
                   bool streaming) {
  switch (power_of(m.exponent)) {
    case Power::half:
      return ForwardPiece<Power::half, T>{m, at, b, x, y}.run(lanes, streaming);
    case Power::three_quarters:
      return ForwardPiece<Power::three_quarters, T>{m, at, b, x, y}.run(lanes, streaming);
    case Power::one:
      return ForwardPiece<Power::one, T>{m, at, b, x, y}.run(lanes, streaming);
    case Power::any:
      return ForwardPiece<Power::any, T>{m, at, b, x, y}.run(lanes, streaming);
  }
}

template <class X, class Y>
struct Forward {
  using T = Compute<X>;
  static void run(const LocalResponse& m) {
    HWY_ALIGN T b_room[max_step + piece_room], x_room[piece_room], y_room[piece_room];
    T* b = b_room + max_step;
    for_pieces(m, static_cast<const Y*>(m.y), [&](std::int64_t r, std::int64_t j, std::int64_t lanes) HWY_ATTR {
      const std::int64_t at = r * m.tap_pitch + j;
      const T* x = widened(static_cast<const X*>(m.x) + r * m.x_pitch + j, lanes, x_room);
      Y* y = static_cast<Y*>(m.y) + r * m.y_pitch + j;
      response(m, at, lanes, b);
      if constexpr (std::is_same_v<Y, T>) {
        forward_piece(m, at, b, x, y, lanes, m.streaming);
      } else {
        forward_piece(m, at, b, x, y_room, lanes, false);
        write(y_room, y, lanes, m.streaming);
      }
    });
  }
};

template <class T>
void slopes_piece(const LocalResponse& m, std::int64_t at, const T* b, const T* x, const T* dy, T* scaled,
                  double* terms, std::int64_t lanes) {
  switch (power_of(m.exponent)) {
    case Power::half:
      return SlopesPiece<Power::half, T>{m, at, b, x, dy, scaled, terms}.run(lanes);
    case Power::three_quarters:
      return SlopesPiece<Power::three_quarters, T>{m, at, b, x, dy, scaled, terms}.run(lanes);
    case Power::one:
      return SlopesPiece<Power::one, T>{m, at, b, x, dy, scaled, terms}.run(lanes);
    case Power::any:
      return SlopesPiece<Power::any, T>{m, at, b, x, dy, scaled, terms}.run(lanes);
  }
}

template <class X>
struct Slopes {
  using T = Compute<X>;
  static void run(const LocalResponse& m) {
    HWY_ALIGN T b_room[max_step + piece_room], x_room[piece_room], dy_room[piece_room];
    T* b = b_room + max_step;
    for_pieces(m, static_cast<const T*>(nullptr), [&](std::int64_t r, std::int64_t j, std::int64_t lanes) HWY_ATTR {
      const std::int64_t at = r * m.tap_pitch + j;
      const T* x = widened(static_cast<const X*>(m.x) + r * m.x_pitch + j, lanes, x_room);
      const T* dy = widened(static_cast<const X*>(m.dy) + r * m.dy_pitch + j, lanes, dy_room);
      response(m, at, lanes, b);
      slopes_piece(m, at, b, x, dy, static_cast<T*>(m.scaled) + r * m.scaled_pitch + j, m.terms + r * m.terms_pitch + j,
                   lanes);
    });
  }
};

template <class X>
struct Backward {
  using T = Compute<X>;
  static void run(const LocalResponse& m) {
    HWY_ALIGN T product[piece_room], y_room[piece_room];
    for_pieces(m, static_cast<const X*>(m.y), [&](std::int64_t r, std::int64_t j, std::int64_t lanes) HWY_ATTR {
      products(m, r * m.tap_pitch + j, static_cast<const X*>(m.x) + r * m.x_pitch + j, lanes, product);
      const T* scaled = static_cast<const T*>(m.scaled) + r * m.scaled_pitch + j;
      X* y = static_cast<X*>(m.y) + r * m.y_pitch + j;
      const auto vector = static_cast<std::int64_t>(hn::Lanes(Tag<T>()));
      for (std::int64_t i = 0; i < lanes; i += vector) {
        store(hn::Sub(load(scaled + i), load(product + i)), y_room + i, false);
      }
      write(y_room, y, lanes, m.streaming);
    });
  }
};

void response_sums(const LocalResponse& m) {
  LocalResponse plain = m;
  plain.alpha = 1;
  plain.k = 0;
  for (std::int64_t r = 0; r < m.rows; ++r) {
    double* terms = m.terms + r * m.terms_pitch;
    const std::int64_t whole = m.lanes / step() * step();
    HWY_ALIGN double rest[max_step];
    sums<double, false>(plain, r * m.tap_pitch, whole, terms);
    if (whole == m.lanes) continue;
    sums<double, false>(plain, r * m.tap_pitch + whole, m.lanes - whole, rest);
    std::memcpy(terms + whole, rest, static_cast<std::size_t>(m.lanes - whole) * sizeof(double));
  }
}

void fill_local_response(Kernels& kernels) noexcept {
  kernels.response_sums = &response_sums;
  fill_measures<Widen>(kernels.response_widen);
  fill_measures<Squares>(kernels.response_squares);
  fill_maps<Forward>(kernels.response_forward);
  fill_float_maps<Along>(kernels.response_along);
  fill_float_maps<Across>(kernels.response_across);
  fill_float_maps<SeriesAlongRows>(kernels.response_series_along);
  fill_float_maps<SeriesAcrossRows>(kernels.response_series_across);
  fill_float_maps<SeriesPlanesRow>(kernels.response_series_planes);
#if HWY_NATIVE_FMA
  kernels.response_series_backward = &series_backward;
  kernels.response_series_backward_across = &series_backward_across;
#endif
  fill_fused<Slopes>(kernels.response_slopes);
  fill_fused<Backward>(kernels.response_backward);
}

}  // namespace HWY_NAMESPACE
}  // namespace poise
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace poise {

void fill_local_response(Target target, Kernels& kernels) noexcept {
  POISE_FOR_TARGET(target, fill_local_response, kernels);
}

}  // namespace poise
#endif
