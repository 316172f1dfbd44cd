// The part of a call that says which elements count: masks, lengths, and what is not finite.

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "core/call.h"
#include "core/each_row.h"
#include "core/element.h"
#include "core/overlap.h"

namespace poise {
namespace {

void lay(Partition& partition, const ConstTensorView& mask) noexcept {
  for (int i = 0; i < mask.rank(); ++i) partition.dims()[static_cast<std::size_t>(i)].mask = mask.stride(i);
}

bool masked(const Job& job, std::int64_t at) noexcept {
  return job.mask.present() && static_cast<const std::uint8_t*>(job.mask.data())[at] == 0;
}

bool finite(const Job& job, std::int64_t at) noexcept {
  return std::isfinite(element_at(job.x.data(), job.x.dtype(), at));
}

std::int64_t count_not_finite(const Job& job, Context& context) {
  std::atomic<std::int64_t> found = 0;
  for_each_row(job.partition, context, [&](std::int64_t, Offsets at, const Dim& inner) {
    std::int64_t here = 0;
    for (std::int64_t i = 0; i < inner.size; ++i, at = at + inner) here += !masked(job, at.mask) && !finite(job, at.x);
    if (here != 0) found += here;
  });
  return found;
}

}  // namespace

void Call::mask(const Mask& mask) {
  const bool by_length = !mask.lengths.empty();
  if (by_length && mask.valid.present()) fail(Code::usage, "lengths", "none with a mask", "both");
  const ConstTensorView valid = by_length ? mask_of_lengths(mask) : mask.valid;
  if (!valid.present()) return;
  check_view("mask", valid);
  if (!(valid.sizes() == job_.x.sizes())) fail(Code::shape, "mask", job_.x.sizes().str(), valid.sizes().str());
  if (valid.dtype() != DType::u8) fail(Code::usage, "mask", "u8", name_of(valid.dtype()));
  if (job_.maps && share_memory(valid, job_.y)) {
    fail(Code::refused, "mask", "memory of its own", "a view that shares elements with the output");
  }
  job_.mask = valid;
  job_.masked = mask.masked;
  lay(job_.partition, valid);
}

// Of samples and positions alone, the same along all other axes.
ConstTensorView Call::mask_of_lengths(const Mask& mask) const {
  const auto samples = static_cast<std::int64_t>(mask.lengths.size());
  if (rank() == 0 || samples != size(0)) {
    fail(Code::shape, "lengths", rank() == 0 ? "a tensor of samples" : fmt::format("{}, one a sample", size(0)),
         fmt::format("{}", samples));
  }
  const int axis = static_cast<int>(axes("length_axis", {mask.length_axis})[0]);
  if (axis == 0) fail(Code::shape, "length_axis", "another axis than the samples'", "0");
  const std::int64_t positions = size(axis);
  for (const std::int64_t length : mask.lengths) {
    if (length < 0 || length > positions) {
      fail(Code::shape, "lengths", fmt::format("0 to {}", positions), fmt::format("{}", length));
    }
  }
  auto* valid = reinterpret_cast<std::uint8_t*>(memory((samples * positions + 7) / 8));
  for (std::int64_t n = 0; n < samples; ++n) {
    const std::int64_t length = mask.lengths[static_cast<std::size_t>(n)];
    std::fill_n(valid + n * positions, length, std::uint8_t{1});
    std::fill_n(valid + n * positions + length, positions - length, std::uint8_t{0});
  }
  Dims strides;
  for (int i = 0; i < rank(); ++i) strides.push_back(i == 0 ? positions : i == axis ? 1 : 0);
  return {valid, DType::u8, job_.x.sizes(), strides};
}

void Call::non_finite(NonFinite policy) {
  policy_ = policy;
  if (policy == NonFinite::propagate) return;
  if (job_.addition.sum.present()) fail(Code::usage, "non_finite", "propagate with a residual", "another policy");
  if (context_.explain_only || job_.x.dtype() == DType::u8 || empty()) return;
  const std::int64_t found = count_not_finite(job_, context_);
  if (found == 0) return;
  if (policy == NonFinite::raise) {
    fail(Code::data, "x", "finite values", fmt::format("{} of {} that are not", found, job_.x.elements()));
  }
  skipped_ = found;
  auto* codes = reinterpret_cast<std::uint8_t*>(memory((job_.x.elements() + 7) / 8));
  for_each_row(job_.partition, context_, [&](std::int64_t begin, Offsets at, const Dim& inner) {
    for (std::int64_t i = 0; i < inner.size; ++i, at = at + inner) {
      codes[begin + i] = masked(job_, at.mask) ? Job::masked_out : finite(job_, at.x) ? Job::counted : Job::not_finite;
    }
  });
  job_.mask = {codes, DType::u8, job_.x.sizes()};
  job_.label = Job::counted;
  job_.change_partitions([this](Partition& partition) { lay(partition, job_.mask); });
}

void Call::clear_masked(const TensorView& dresidual) const noexcept {
  if (!dresidual.present() || !job_.mask.present() || job_.leaves_masked) return;
  for_each_row(job_.partition, context_, [&](std::int64_t, Offsets at, const Dim& inner) {
    for (std::int64_t i = 0; i < inner.size; ++i, at = at + inner) {
      if (!job_.counts(at)) set_element(dresidual.data(), dresidual.dtype(), at.dy, 0);
    }
  });
}

void Call::tell_skipped(std::int64_t* count) const noexcept {
  if (count != nullptr && !context_.explain_only) *count = skipped_;
}

}  // namespace poise
