#pragma once

#include <poise/technique.h>

#include "core/words.h"

// The words of every option that is an enumeration.

namespace poise {

template <>
struct Words<bool> {
  static constexpr std::array words = {"false", "true"};
};
template <>
struct Words<EpsPlace> {
  static constexpr std::array words = {"inside", "outside", "floor"};
};
template <>
struct Words<Divisor> {
  static constexpr std::array words = {"population", "sample"};
};
template <>
struct Words<BatchNormMode> {
  static constexpr std::array words = {"training", "evaluation", "frozen"};
};
template <>
struct Words<Masked> {
  static constexpr std::array words = {"keep", "zero", "normalize"};
};
template <>
struct Words<NonFinite> {
  static constexpr std::array words = {"propagate", "raise", "skip"};
};
template <>
struct Words<OneValue> {
  static constexpr std::array words = {"error", "zero_variance", "skip_update"};
};
template <>
struct Words<Region> {
  static constexpr std::array words = {"across", "within"};
};
template <>
struct Words<ExtraTap> {
  static constexpr std::array words = {"before", "after"};
};
template <>
struct Words<FanIn> {
  static constexpr std::array words = {"none", "variance", "scale"};
};
template <>
struct Words<ResponseScope> {
  static constexpr std::array words = {"sample", "batch"};
};
template <>
struct Words<Activation> {
  static constexpr std::array words = {"none", "relu", "leaky_relu", "silu", "gelu", "gelu_tanh"};
};
template <>
struct Words<Per> {
  static constexpr std::array words = {"data_set", "image", "pixel"};
};
template <>
struct Words<SpectralOrder> {
  static constexpr std::array words = {"v_first", "u_first"};
};
template <>
struct Words<NormEps> {
  static constexpr std::array words = {"floor", "inside"};
};
template <>
struct Words<ZeroSigma> {
  static constexpr std::array words = {"one", "divide"};
};

}  // namespace poise
