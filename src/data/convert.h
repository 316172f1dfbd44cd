#pragma once

#include <cstddef>
#include <span>

#include <poise/dtype.h>

namespace poise {

// Every type's values as float64, which holds them exactly. to.size() values from as many of the type.
void widen(std::span<const std::byte> from, DType dtype, std::span<double> to);

// Values of float64 stored as any type, rounded once, to nearest even; in bytes clamped to 0..255.
void narrow(std::span<const double> from, DType dtype, std::span<std::byte> to);

}  // namespace poise
