#include "test_tensor.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace poise::test {
namespace {

// The 16-bit formats. p: bits of the significand; the exponents of the smallest and the largest normal number.
struct Format {
  int p, least, most;
};
constexpr Format bf16_format{8, -126, 127}, f16_format{11, -14, 15};

// 2^exponent for what the 16-bit formats need; a table, since this is called for every element of every case.
Real power_of_two(int exponent) {
  constexpr int least = -200, most = 300;
  static const auto table = [] {
    std::array<Real, most - least + 1> powers{};
    for (int e = least; e <= most; ++e) powers[static_cast<std::size_t>(e - least)] = std::ldexp(1.0L, e);
    return powers;
  }();
  return table[static_cast<std::size_t>(exponent - least)];
}

// Adding a number whose last bit is worth one ulp of the format leaves the sum rounded to nearest even there.
Real rounded(Real v, const Format& f) {
  const Real limit = power_of_two(f.most + 1);
  if (v == 0 || !(std::fabs(v) < limit)) return std::isnan(v) || v == 0 ? v : std::copysign(INFINITY, v);
  if (std::fabs(v) < power_of_two(f.least - f.p - 1)) return std::copysign(0.0L, v);
  // As double, v may round up to a power of two; then it does so in the format as well.
  const int exponent = static_cast<int>((std::bit_cast<std::uint64_t>(static_cast<double>(v)) >> 52) & 0x7FF) - 1022;
  const int ulp = std::max(exponent - f.p, f.least - f.p + 1);
  const Real last_bit = 1.5L * power_of_two(ulp + std::numeric_limits<Real>::digits - 1);
  const Real r = (v + last_bit) - last_bit;
  return std::fabs(r) >= limit ? std::copysign(INFINITY, v) : std::copysign(r, v);
}

// Significand and exponent fields put together by hand from a value that the format holds exactly.
std::uint16_t f16_bits(Real v) {
  const unsigned sign = std::signbit(v) ? 0x8000U : 0U;
  if (std::isnan(v)) return static_cast<std::uint16_t>(sign | 0x7E00U);
  if (std::isinf(v)) return static_cast<std::uint16_t>(sign | 0x7C00U);
  const Real a = std::fabs(v);
  if (a < std::ldexp(1.0L, -14)) return static_cast<std::uint16_t>(sign | static_cast<unsigned>(std::ldexp(a, 24)));
  int exponent = 0;
  const auto significand = static_cast<unsigned>(std::ldexp(std::frexp(a, &exponent), 11));
  return static_cast<std::uint16_t>(sign | (static_cast<unsigned>(exponent + 14) << 10) | (significand & 0x3FFU));
}

Real f16_value(std::uint16_t bits) {
  const Real sign = (bits & 0x8000U) != 0 ? -1 : 1;
  const int exponent = (bits >> 10) & 0x1F;
  const int fraction = bits & 0x3FF;
  if (exponent == 31) {
    return fraction != 0 ? std::numeric_limits<Real>::quiet_NaN() : sign * std::numeric_limits<Real>::infinity();
  }
  if (exponent == 0) return sign * std::ldexp(static_cast<Real>(fraction), -24);
  return sign * std::ldexp(static_cast<Real>(1024 + fraction), exponent - 25);
}

struct Placement {
  Dims strides;
  std::int64_t first = 0;   // element of the storage that is element 0, 0, ...
  std::int64_t extent = 0;  // elements of the storage
};

Dims scaled(Dims strides, std::int64_t factor) {
  for (int i = 0; i < strides.size(); ++i) strides[i] *= factor;
  return strides;
}

Placement sliced(const Dims& sizes) {
  Dims outer;
  for (int i = 0; i < sizes.size(); ++i) outer.push_back(sizes[i] + 2 + i % 2);
  Placement p{contiguous_strides(outer), 0, outer.product()};
  for (const auto stride : p.strides) p.first += stride;
  return p;
}

Dims transposed_strides(const Dims& sizes) {
  Dims strides = sizes;
  std::int64_t stride = 1;
  for (int i = 0; i < sizes.size(); ++i) {
    strides[i] = stride;
    stride *= sizes[i];
  }
  return strides;
}

Dims broadcast_strides(const Dims& sizes) {
  Dims strides = contiguous_strides(sizes);
  if (!strides.empty()) strides[0] = 0;
  return strides;
}

Placement placement(Layout layout, const Dims& sizes) {
  const std::int64_t n = sizes.product();
  switch (layout) {
    case Layout::channels_last:
      return {channels_last_strides(sizes), 0, n};
    case Layout::sliced:
      return sliced(sizes);
    case Layout::stepped:
      return {scaled(contiguous_strides(sizes), 2), 0, 2 * n};
    case Layout::transposed:
      return {transposed_strides(sizes), 0, n};
    case Layout::reversed:
      return {scaled(contiguous_strides(sizes), -1), n > 0 ? n - 1 : 0, n};
    case Layout::broadcast:
      return {broadcast_strides(sizes), 0, sizes.empty() || n == 0 ? n : n / sizes[0]};
    default:
      return {contiguous_strides(sizes), 0, n};
  }
}

// Calls visit(offset in bytes) for every element in row-major order.
template <class Visit>
void for_each_offset(const ConstTensorView& view, Visit visit) {
  const auto width = static_cast<std::int64_t>(size_of(view.dtype()));
  if (view.rank() == 0) return visit(std::int64_t{0});
  const int last = view.rank() - 1;
  Dims outer;
  for (int axis = 0; axis < last; ++axis) outer.push_back(view.size(axis));
  const std::int64_t step = view.stride(last) * width;
  for_each_index(outer, [&](const Dims& index) {
    std::int64_t offset = 0;
    for (int axis = 0; axis < last; ++axis) offset += index[axis] * view.stride(axis);
    offset *= width;
    for (std::int64_t i = 0; i < view.size(last); ++i, offset += step) visit(offset);
  });
}

// Calls act with the type's width as a constant, which makes copies of one element cheap.
template <class Act>
void with_width(DType type, Act act) {
  switch (size_of(type)) {
    case 8:
      return act(std::integral_constant<std::size_t, 8>());
    case 4:
      return act(std::integral_constant<std::size_t, 4>());
    case 2:
      return act(std::integral_constant<std::size_t, 2>());
    default:
      return act(std::integral_constant<std::size_t, 1>());
  }
}

constexpr std::size_t guard = 192;  // bytes on either side: three of the widest vectors
constexpr std::size_t line = 64;

}  // namespace

const char* name_of(Layout layout) noexcept {
  switch (layout) {
    case Layout::contiguous:
      return "nchw";
    case Layout::channels_last:
      return "nhwc";
    case Layout::sliced:
      return "sliced";
    case Layout::stepped:
      return "stepped";
    case Layout::transposed:
      return "transposed";
    case Layout::reversed:
      return "reversed";
    default:
      return "broadcast";
  }
}

Real rounded(Real v, DType type) {
  switch (type) {
    case DType::f64:
      return static_cast<double>(v);
    case DType::f32:
      return static_cast<float>(v);
    case DType::bf16:
      return rounded(v, bf16_format);
    case DType::f16:
      return rounded(v, f16_format);
    default:
      return std::isnan(v) ? 0 : std::nearbyint(std::fmin(std::fmax(v, 0.0L), 255.0L));
  }
}

Real load(const void* p, DType type) {
  switch (type) {
    case DType::f64: {
      double v = 0;
      std::memcpy(&v, p, sizeof v);
      return v;
    }
    case DType::f32: {
      float v = 0;
      std::memcpy(&v, p, sizeof v);
      return v;
    }
    case DType::bf16:
    case DType::f16: {
      std::uint16_t v = 0;
      std::memcpy(&v, p, sizeof v);
      return type == DType::f16 ? f16_value(v) : std::bit_cast<float>(static_cast<std::uint32_t>(v) << 16);
    }
    default:
      return *static_cast<const unsigned char*>(p);
  }
}

void store(void* p, DType type, Real v) {
  const Real r = rounded(v, type);
  const auto put = [p](auto value) { std::memcpy(p, &value, sizeof value); };
  switch (type) {
    case DType::f64:
      return put(static_cast<double>(r));
    case DType::f32:
      return put(static_cast<float>(r));
    case DType::bf16:
      return put(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(static_cast<float>(r)) >> 16));
    case DType::f16:
      return put(f16_bits(r));
    default:
      return put(static_cast<unsigned char>(r));
  }
}

TestTensor::TestTensor(DType type, const Dims& sizes, Layout layout, Role role, int elements_off_alignment)
    : fill_(static_cast<std::byte>(role)) {
  const Placement p = placement(layout, sizes);
  const std::size_t width = size_of(type);
  const std::size_t off = static_cast<std::size_t>(elements_off_alignment) * width;
  memory_.assign(static_cast<std::size_t>(p.extent) * width + 2 * guard + line + off, fill_);
  const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
  const std::size_t start = (line - address % line) % line + guard + off;
  view_ = TensorView(memory_.data() + start + static_cast<std::size_t>(p.first) * width, type, sizes, p.strides);
}

TestTensor::TestTensor(DType type, const Array& values, Layout layout, Role role, int elements_off_alignment)
    : TestTensor(type, values.sizes, layout, role, elements_off_alignment) {
  write(values);
}

void TestTensor::write(const Array& values) {
  auto* base = static_cast<std::byte*>(view_.data());
  std::size_t i = 0;
  for_each_offset(view_, [&](std::int64_t offset) { store(base + offset, view_.dtype(), values[i++]); });
}

Array TestTensor::read() const { return test::read(view_); }

std::vector<std::byte> TestTensor::bits() const {
  std::vector<std::byte> result(static_cast<std::size_t>(view_.elements()) * size_of(view_.dtype()));
  const auto* base = static_cast<const std::byte*>(view_.data());
  with_width(view_.dtype(), [&](auto width) {
    std::byte* to = result.data();
    for_each_offset(view_, [&](std::int64_t offset) {
      std::memcpy(to, base + offset, width);
      to += width;
    });
  });
  return result;
}

void TestTensor::put(const std::vector<std::byte>& bits) {
  auto* base = static_cast<std::byte*>(view_.data());
  with_width(view_.dtype(), [&](auto width) {
    const std::byte* from = bits.data();
    for_each_offset(view_, [&](std::int64_t offset) {
      std::memcpy(base + offset, from, width);
      from += width;
    });
  });
}

bool TestTensor::sentinels_intact() const {
  std::vector<std::byte> rest = memory_;
  std::byte* base = rest.data() + (static_cast<const std::byte*>(view_.data()) - memory_.data());
  with_width(view_.dtype(), [&](auto width) {
    for_each_offset(view_, [&](std::int64_t offset) { std::memset(base + offset, static_cast<int>(fill_), width); });
  });
  return std::all_of(rest.begin(), rest.end(), [this](std::byte b) { return b == fill_; });
}

Array read(ConstTensorView view) {
  Array result(view.sizes(), 0, view.dtype());
  const auto* base = static_cast<const std::byte*>(view.data());
  std::size_t i = 0;
  for_each_offset(view, [&](std::int64_t offset) { result[i++] = load(base + offset, view.dtype()); });
  return result;
}

// splitmix64, Steele, Lea, Flood 2014.
std::uint64_t Random::next() noexcept {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

double Random::uniform() noexcept { return (static_cast<double>(next() >> 12) + 0.5) * 0x1p-52; }

double Random::normal() noexcept {
  const double radius = std::sqrt(-2 * std::log(uniform()));
  return radius * std::cos(6.283185307179586 * uniform());
}

Array random_values(const Dims& sizes, DType type, std::uint64_t seed, double mean, double std) {
  Random random(seed);
  Array result(sizes, 0, type);
  for (auto& v : result.values) {
    v = type == DType::u8 ? static_cast<Real>(random.next() >> 56)
                          : rounded(static_cast<Real>(mean + std * random.normal()), type);
  }
  return result;
}

}  // namespace poise::test
