#pragma once

#include <cstdint>

#include <poise/context.h>
#include <poise/dtype.h>

// The loops, as every instruction set offers them. Pointers are plain: strides, threads and cells are the schedule's.
// All loops are elementwise or per-lane in an order that depends only on the index, never on an address.

namespace poise {

inline constexpr int max_streams = 4;
// A run of no more bytes is one burst, and what belongs to it stays in registers; where y stays in the cache, too, its
// runs follow each other.
inline constexpr std::int64_t short_run_bytes = 2048, short_cached_run_bytes = 4096;

// Of the streams below only the first `count` are set, each of them wholly: to set all would show in short runs.

// Up to four runs measured side by side, each about its own pivot: s = sum (x - pivot), q = sum (x - pivot)^2; or for
// range s = min, q = max, NaN in both if any element is NaN. The sums are float64; of rows of 8 and 16 bits they were
// float32 over 64 elements a lane (moment-inl.h).
struct MeasureStreams {
  int count = 0;
  const void* x[max_streams];
  double pivot[max_streams], s[max_streams], q[max_streams];
};

// Up to four runs mapped side by side: y = fma(x - hi, scale, shift) in float (double for f64), and when per_element
// y = fma(that, gamma[i], beta[i]), with gamma and beta in the compute type and steps 0 (constant) or 1.
struct MapStreams {
  int count = 0;
  const void* x[max_streams];
  void* y[max_streams];
  double hi[max_streams], scale[max_streams], shift[max_streams];
  const void *gamma[max_streams], *beta[max_streams];
  int gamma_step = 0, beta_step = 0;
  bool per_element = false;
  bool streaming = false;  // write past the cache, from the first 64-byte line of each y on
};

// Rows of lanes: row r, lane j at x[r * x_stride + j]. hi, scale, shift: one a lane, in the compute type, readable for
// lane_padding behind the last. Gamma per row: gamma[r * gamma_stride]; per element: gamma[r * gamma_stride + j *
// gamma_step]; none: folded into scale and shift.
enum class ColumnGamma : std::uint8_t { none, row, element };
struct MapColumns {
  const void* x = nullptr;
  void* y = nullptr;
  std::int64_t x_stride = 0, y_stride = 0, rows = 0, lanes = 0;
  const void *hi = nullptr, *scale = nullptr, *shift = nullptr;
  const void *gamma = nullptr, *beta = nullptr;
  std::int64_t gamma_stride = 0, beta_stride = 0;
  int gamma_step = 0, beta_step = 0;
  ColumnGamma mode = ColumnGamma::none;
  bool streaming = false;
};

// pivot, s, q: one a lane, readable and writable up to the next multiple of lane_padding. Adds to what is in s and q
// (range: takes the smaller and the larger).
struct MeasureColumns {
  const void* x = nullptr;
  std::int64_t stride = 0, rows = 0, lanes = 0;
  const double* pivot = nullptr;
  double *s = nullptr, *q = nullptr;
};
inline constexpr std::int64_t lane_padding = 16;

// Local response norm, rows of lanes. S(r, j) = sum over taps of tap[i][r * tap_pitch + j], in float64, or where the
// taps are elements, in the compute type, of their squares, which float64 has exactly (but of f64). B = alpha * S + k
// and f = B^-exponent (0 where B is 0). Each loop reads and writes what its line says; taps are readable, elements
// writable, up to the next multiple of lane_padding.
//   widen     x -> elements                               x in the compute type
//   squares   x -> terms                                  x^2
//   sums      taps -> terms                               S
//   forward   taps, x -> y                                x * f
//   along     x -> y                                      x * f
//   across    taps -> y                                   x * f, x being taps
//   slopes    taps, x, dy -> scaled, terms                dy * f and dy * x * f / B
//   backward  taps (of slopes), x, scaled -> y            scaled - factor * x * S
inline constexpr double least_response = 0x1p-60;
inline constexpr std::int64_t response_part = 64;

// The power as a polynomial: B^-exponent = c[0] + z (c[1] + z (c[2] + ...)), z = unit * S, right to float32 where z is
// at most `most`. unit is a power of two: S and z are rounded alike. Negative `most`: none.
struct ResponseSeries {
  static constexpr int terms = 7;
  float unit = 1, most = -1, c[terms] = {};
};

// The gradient's, of X = root * x and z = sum of X^2, where z is at most `most`: factor * B^(-exponent - 1) / root^2 by
// slope, and B^-exponent is that times back[0] + back[1] z. root is a power of two: X is exact where x is 0 or |x| at
// least `least`.
struct GradientSeries {
  float root = 1, least = 0, most = -1, slope[ResponseSeries::terms] = {}, back[2] = {};
};
inline constexpr float most_slope = 0x1p100f;  // |dy|: nothing in the gradient's loop overflows

struct LocalResponse {
  const void* const* tap = nullptr;
  bool taps_are_elements = false;  // of forward and slopes
  // They are x's own rows: nothing behind a tap's last lane is read; a vector before its first may be.
  bool taps_are_rows = false;
  std::int64_t ahead = 0;  // elements from the last tap to a row that is read soon; asked for, never read
  void* elements = nullptr;
  std::int64_t elements_pitch = 0;
  std::int64_t taps = 0, tap_pitch = 0;
  const void *x = nullptr, *dy = nullptr;
  std::int64_t x_pitch = 0, dy_pitch = 0;
  void* y = nullptr;  // may be x (forward) or dy (backward)
  std::int64_t y_pitch = 0;
  double* terms = nullptr;
  std::int64_t terms_pitch = 0;
  void* scaled = nullptr;  // compute type
  std::int64_t scaled_pitch = 0;
  float* room = nullptr;  // of along and across: rows of y in float32
  std::int64_t room_pitch = 0;
  std::int64_t rows = 1, lanes = 0;
  // Of series_across where y is streamed: rows of an earlier room that are written now, m.rows waiting in room until
  // they are given here.
  struct {
    const float* room = nullptr;
    void* y = nullptr;
    std::int64_t rows = 0;
  } waiting;
  double alpha = 0, k = 1, exponent = 0.75, factor = 0;
  ResponseSeries series;     // of series_along and series_across
  GradientSeries gradients;  // of series_backward and series_backward_across
  bool* left = nullptr;      // by row, across by lane: set where the series does not do, and y is not written
  bool kept = false;         // of series_backward_across: nothing of y is written before all of x and dy are read
  bool streaming = false;
};

// Pixels of `width` elements (2 to 4), one after another, the first `channels` of each wanted, `reversed` the last of
// these first. Split: the k-th wanted of all pixels at to + k * pitch. Pack: the wanted of a pixel side by side. Reads
// nothing behind the last pixel's last wanted element, and may write what it wrote already once more.
struct Pixels {
  const void* x = nullptr;
  void* to = nullptr;
  std::int64_t count = 0, pitch = 0;
  std::int64_t ahead = 0;  // elements from a pixel to one that is read soon; asked for, never read
  int width = 3, channels = 3;
  bool reversed = false;
};

// Rows of room that take so many of y, and what there is beside them.
inline constexpr std::int64_t response_rows_of(std::int64_t rows) { return rows + 14; }

using MeasureRowsFn = void (*)(MeasureStreams&, std::int64_t length);
using MapRowsFn = void (*)(const MapStreams&, std::int64_t length);
// Maps one set of runs while measuring another of the same length.
using FusedRowsFn = void (*)(const MapStreams&, MeasureStreams&, std::int64_t length);
using MeasureColumnsFn = void (*)(const MeasureColumns&);
using MapColumnsFn = void (*)(const MapColumns&);
using PixelsFn = void (*)(const Pixels&);
using LocalResponseFn = void (*)(const LocalResponse&);

inline constexpr int dtype_count = 5;

// Null where there is no such pair of types (map) or no fused loop for it.
struct Kernels {
  MeasureRowsFn measure_rows[dtype_count] = {};
  MeasureRowsFn range_rows[dtype_count] = {};
  MapRowsFn map_rows[dtype_count][dtype_count] = {};  // [x][y]
  FusedRowsFn fused_rows[dtype_count] = {};           // y of x's type
  MeasureColumnsFn measure_columns[dtype_count] = {};
  MeasureColumnsFn range_columns[dtype_count] = {};
  MapColumnsFn map_columns[dtype_count][dtype_count] = {};
  PixelsFn split_pixels[dtype_count] = {}, pack_pixels[dtype_count] = {};
  LocalResponseFn response_sums = nullptr;
  LocalResponseFn response_widen[dtype_count] = {}, response_squares[dtype_count] = {};
  LocalResponseFn response_forward[dtype_count][dtype_count] = {};
  // Of float32, 3 or 5 taps, the powers 1/2, 3/4 and 1 and k of least_response and more, y apart from x: windows along
  // x's rows, of a multiple of response_part lanes; windows of the four rows in the midst of taps + 3, of which m.rows
  // are wanted. room is for m.rows or four rows. By y; null for none.
  LocalResponseFn response_along[dtype_count] = {}, response_across[dtype_count] = {};
  // The same by the series, of any number of lanes: windows are summed in float32, and in float64 those whose z is
  // above series.most. room's rows are m.lanes apart along rows.
  LocalResponseFn response_series_along[dtype_count] = {}, response_series_across[dtype_count] = {};
  // Of one row as long as many planes, its m.taps taps a plane apart; each may be read a vector far where the row is
  // shorter. room is for the row where that is so or y is not of float32.
  LocalResponseFn response_series_planes[dtype_count] = {};
  // x, dy -> y of float32 rows by the gradient's series, windows along them; room is for one row. Null where there is
  // no fma: too many roundings.
  LocalResponseFn response_series_backward = nullptr;
  // Windows across the rows, which are all there are; room is for response_rows_of(m.rows) of them where they are kept,
  // else of none.
  LocalResponseFn response_series_backward_across = nullptr;
  LocalResponseFn response_slopes[dtype_count] = {}, response_backward[dtype_count] = {};
};

const Kernels& kernels_for(Target target) noexcept;

// Orders streaming stores before whatever the thread does next: once a thread, before it reports its share done.
void fence_streams() noexcept;

// Whether x of one type may become y of the other.
bool types_supported(DType x, DType y) noexcept;

}  // namespace poise
