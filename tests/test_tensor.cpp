#include "test_tensor.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace poise::test {
namespace {

// p: bits of the significand; the exponents of the smallest and the largest normal number.
struct Format {
  int p, least, most;
};

Format format_of(DType type) {
  switch (type) {
    case DType::f64:
      return {53, -1022, 1023};
    case DType::f32:
      return {24, -126, 127};
    case DType::bf16:
      return {8, -126, 127};
    default:
      return {11, -14, 15};
  }
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

template <class Visit>
void for_each_offset(const TensorView& view, Visit visit) {
  const auto width = static_cast<std::int64_t>(size_of(view.dtype()));
  for_each_index(view.sizes(), [&](const Dims& index) {
    std::int64_t offset = 0;
    for (int axis = 0; axis < index.size(); ++axis) offset += index[axis] * view.stride(axis);
    visit(offset * width);
  });
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
  if (type == DType::u8) return std::isnan(v) ? 0 : std::nearbyint(std::fmin(std::fmax(v, 0.0L), 255.0L));
  if (v == 0 || !std::isfinite(v)) return v;
  const Format f = format_of(type);
  int exponent = 0;
  std::frexp(v, &exponent);
  const int ulp = std::max(exponent - f.p, f.least - f.p + 1);
  const Real r = std::ldexp(std::nearbyint(std::ldexp(v, -ulp)), ulp);
  const Real largest = std::ldexp(2 - std::ldexp(1.0L, 1 - f.p), f.most);
  return std::fabs(r) > largest ? std::copysign(std::numeric_limits<Real>::infinity(), v) : r;
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
  const std::size_t width = size_of(view_.dtype());
  std::vector<std::byte> result(static_cast<std::size_t>(view_.elements()) * width);
  const auto* base = static_cast<const std::byte*>(view_.data());
  std::size_t at = 0;
  for_each_offset(view_, [&](std::int64_t offset) {
    std::memcpy(result.data() + at, base + offset, width);
    at += width;
  });
  return result;
}

bool TestTensor::sentinels_intact() const {
  std::vector<bool> element(memory_.size(), false);
  const std::int64_t start = static_cast<const std::byte*>(view_.data()) - memory_.data();
  for_each_offset(view_, [&](std::int64_t offset) {
    for (std::size_t k = 0; k < size_of(view_.dtype()); ++k)
      element[static_cast<std::size_t>(start + offset) + k] = true;
  });
  for (std::size_t i = 0; i < memory_.size(); ++i) {
    if (!element[i] && memory_[i] != fill_) return false;
  }
  return true;
}

Array read(ConstTensorView view) {
  Array result(view.sizes(), 0, view.dtype());
  const auto* base = static_cast<const std::byte*>(view.data());
  const auto width = static_cast<std::int64_t>(size_of(view.dtype()));
  std::size_t i = 0;
  for_each_index(view.sizes(), [&](const Dims& index) {
    std::int64_t offset = 0;
    for (int axis = 0; axis < index.size(); ++axis) offset += index[axis] * view.stride(axis);
    result[i++] = load(base + offset * width, view.dtype());
  });
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
