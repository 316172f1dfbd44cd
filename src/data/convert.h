#pragma once

#include <cstddef>
#include <span>

#include "io/value_type.h"

namespace poise {

// Every type's values as float64, which holds them exactly. to.size() values from as many of the type.
void widen(std::span<const std::byte> from, ValueType dtype, std::span<double> to);

// Values of float64 stored as any type, rounded once, to nearest even; integers clamped to their range.
void narrow(std::span<const double> from, ValueType dtype, std::span<std::byte> to);

}  // namespace poise
