#include "core/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <utility>

#include "core/context_state.h"
#include "core/overlap.h"
#include "core/values.h"

namespace poise {
Call::Call(const char* technique, TensorView y, ConstTensorView x, Context& context) : context_(context) {
  job_.technique = technique;
  job_.x = x;
  job_.y = y;
  check_view("x", x);
  check_view("y", y);
  if (!(y.sizes() == x.sizes())) fail(Code::shape, "y", x.sizes().str(), y.sizes().str());
  check_output("y", y);
  if (!same_place(x, y) && share_memory(x, y)) {
    fail(Code::refused, "y", "memory of its own or exactly x's", "a view that shares elements with x");
  }
  begin(y, x);
}

Call::Call(const char* technique, TensorView dx, ConstTensorView dy, ConstTensorView x, Context& context)
    : context_(context) {
  job_.technique = technique;
  job_.x = x;
  job_.dy = dy;
  job_.y = dx;
  job_.maps = dx.present();
  check_view("x", x);
  check_view("dy", dy);
  if (x.dtype() == DType::u8) fail(Code::usage, "x", "a floating type", "u8");
  for (const auto& [name, view] : {std::pair{"dy", dy}, std::pair{"dx", ConstTensorView(dx)}}) {
    if (!view.present()) continue;
    check_view(name, view);
    if (!(view.sizes() == x.sizes())) fail(Code::shape, name, x.sizes().str(), view.sizes().str());
    if (view.dtype() != x.dtype()) fail(Code::usage, name, name_of(x.dtype()), name_of(view.dtype()));
  }
  if (dx.present()) {
    check_output("dx", dx);
    if (share_memory(x, dx)) fail(Code::refused, "dx", "memory of its own", "a view that shares elements with x");
    if (!same_place(dy, dx) && share_memory(dy, dx)) {
      fail(Code::refused, "dx", "memory of its own or exactly dy's", "a view that shares elements with dy");
    }
  }
  begin(dx.present() ? ConstTensorView(dx) : x, dy);
}

Call::Call(const char* technique, ConstTensorView x, Context& context) : context_(context) {
  job_.technique = technique;
  job_.x = x;
  job_.maps = false;
  check_view("x", x);
  begin(x, x);
}

void Call::begin(const ConstTensorView& y_strides, const ConstTensorView& dy_strides) {
  for (int i = 0; i < rank(); ++i) {
    job_.partition.add(
        {{.x = job_.x.stride(i), .y = y_strides.stride(i), .dy = dy_strides.stride(i), .z = job_.x.stride(i)},
         size(i)});
  }
  try {
    context_.state().workspace.reset();
  } catch (const std::bad_alloc&) {
    fail(Code::memory, "workspace", "memory", "none");
  }
}

Call::~Call() {
  try {
    context_.state().workspace.reset();
  } catch (const std::bad_alloc&) {
    // The next call asks again, and says so if there is still none.
  }
}

void Call::fail(Code code, const char* operand, const std::string& expected, const std::string& got) const {
  throw Error(code, fmt::format("[{}] {}: expected {}, got {}", job_.technique, operand, expected, got));
}

void Call::check_view(const char* name, const ConstTensorView& view) const {
  if (!view.present()) fail(Code::usage, name, "a tensor", "none");
  if (view.strides().size() != view.rank()) {
    fail(Code::shape, name, fmt::format("{} strides", view.rank()), fmt::format("{}", view.strides().size()));
  }
  for (int i = 0; i < view.rank(); ++i)
    if (view.size(i) < 0) fail(Code::shape, name, "sizes of at least 0", view.sizes().str());
  if (view.data() == nullptr && view.elements() > 0) fail(Code::usage, name, "memory", "a null pointer");
}

void Call::check_output(const char* name, const TensorView& view) const {
  if (!elements_distinct(view)) {
    fail(Code::refused, name, "strides that name every element once", "strides " + view.strides().str());
  }
}

Dims Call::axes(const char* operand, const Dims& axes) const {
  return front_axes(job_.technique, operand, axes, rank());
}

Dims Call::sizes_of(const Dims& axes) const { return sizes_at(job_.x.sizes(), axes); }

void Call::keep(const Dims& axes) {
  const Dims strides = contiguous_strides(sizes_of(axes));
  job_.change_partitions([&](Partition& partition) {
    for (int i = 0; i < axes.size(); ++i) {
      Dim& dim = partition.dims()[static_cast<std::size_t>(axes[i])];
      dim.role = Role::cell;
      dim.cell = strides[i];
    }
  });
}

void Call::affine(const ConstTensorView& gamma, const ConstTensorView& beta, const Dims& axes) {
  operand("gamma", gamma, sizes_of(axes));
  operand("beta", beta, sizes_of(axes));
  job_.gamma = gamma;
  job_.beta = beta;
  for (int i = 0; i < axes.size(); ++i) {
    Dim& dim = job_.partition.dims()[static_cast<std::size_t>(axes[i])];
    if (gamma.present()) dim.gamma = gamma.stride(i);
    if (beta.present()) dim.beta = beta.stride(i);
  }
}

void Call::affine_gradients(const ConstTensorView& gamma, const Gradients& gradients, const Dims& axes) {
  affine(gamma, {}, axes);
  const Dims sizes = sizes_of(axes);
  gradient("dgamma", gradients.dgamma, sizes, gradients.dbeta);
  gradient("dbeta", gradients.dbeta, sizes, gradients.dgamma);
  gradients_ = gradients;
  const auto room = [&](const TensorView& wanted) -> double* {
    if (!wanted.present()) return nullptr;
    double* sums = memory(sizes.product());
    if (!context_.explain_only) std::fill_n(sums, sizes.product(), 0.0);
    return sums;
  };
  job_.dgamma = room(gradients.dgamma);
  job_.dbeta = room(gradients.dbeta);
  if (job_.dgamma == nullptr && job_.dbeta == nullptr) return;
  const Dims strides = contiguous_strides(sizes);
  for (int i = 0; i < axes.size(); ++i) {
    job_.partition.dims()[static_cast<std::size_t>(axes[i])].param = strides[i];
  }
}

void Call::gradient(const char* name, const TensorView& view, const Dims& sizes, const TensorView& other) const {
  if (!view.present()) return;
  if (view.dtype() == DType::u8) fail(Code::usage, name, "a floating type", "u8");
  result(name, view, sizes, view.dtype(), {other});
}

void Call::refuse_parameter_gradients(const Gradients& gradients) const {
  if (gradients.dgamma.present()) fail(Code::usage, "dgamma", "none, as there is no gamma", "one");
  if (gradients.dbeta.present()) fail(Code::usage, "dbeta", "none, as there is no beta", "one");
}

void Call::store_gradients() const noexcept {
  if (context_.explain_only || !gradients_) return;
  const auto store = [](const TensorView& view, const double* sums) {
    if (sums != nullptr) Values(view).set_all(sums);
  };
  store(gradients_->dgamma, job_.dgamma);
  store(gradients_->dbeta, job_.dbeta);
  clear_masked(gradients_->dresidual);
}

void Call::absent_gamma(double value) noexcept {
  if (!job_.gamma.present()) job_.gamma_offset = value - 1;
}

void Call::affine_or(const ConstTensorView& gamma, const ConstTensorView& beta, const Dims& axes, double absent) {
  affine(gamma, beta, axes);
  absent_gamma(absent);
}

void Call::gamma_offset(double offset) {
  if (!std::isfinite(offset)) fail(Code::usage, "gamma_offset", "a finite number", fmt::format("{}", offset));
  job_.gamma_offset = job_.gamma.present() ? offset : 0;
}

void Call::operand(const char* name, const ConstTensorView& view, const Dims& sizes) const {
  if (!view.present()) return;
  check_view(name, view);
  if (!(view.sizes() == sizes)) fail(Code::shape, name, sizes.str(), view.sizes().str());
  if (view.dtype() == DType::u8) fail(Code::usage, name, "a floating type", "u8");
  if (job_.maps && share_memory(view, job_.y)) {
    const char* output =
        job_.dy.present() ? "a view that shares elements with dx" : "a view that shares elements with y";
    fail(Code::refused, name, "memory of its own", output);
  }
}

void Call::result(const char* name, const TensorView& view, const Dims& sizes, DType type,
                  std::initializer_list<ConstTensorView> others) const {
  if (!view.present()) return;
  check_view(name, view);
  if (!(view.sizes() == sizes)) fail(Code::shape, name, sizes.str(), view.sizes().str());
  if (view.dtype() != type) fail(Code::usage, name, name_of(type), name_of(view.dtype()));
  check_output(name, view);
  for (const ConstTensorView& other : {job_.x, ConstTensorView(job_.y), job_.gamma, job_.beta, job_.dy})
    if (share_memory(view, other)) fail(Code::refused, name, "memory of its own", "a view that shares elements");
  for (const ConstTensorView& other : others)
    if (share_memory(view, other)) fail(Code::refused, name, "memory of its own", "a view that shares elements");
}

void Call::eps(double eps) const {
  if (!(eps >= 0) || eps > 1e308) fail(Code::usage, "eps", "a finite number of at least 0", fmt::format("{}", eps));
}

void Call::fraction(const char* name, double value) const {
  if (!(value >= 0 && value <= 1)) fail(Code::usage, name, "a number from 0 to 1", fmt::format("{}", value));
}

double* Call::memory(std::int64_t count) const {
  try {
    return context_.state().workspace.take<double>(count);
  } catch (const std::bad_alloc&) {
    fail(Code::memory, "workspace", fmt::format("{} bytes", 8 * count), "none");
  }
}

std::int64_t Call::elements_a_cell() const noexcept {
  return job_.partition.count(Role::merged) * job_.partition.count(Role::reduced);
}

Dims front_axes(const char* technique, const char* operand, const Dims& axes, int rank) {
  Dims result;
  for (const std::int64_t axis : axes) {
    const std::int64_t from_front = axis < 0 ? axis + rank : axis;
    if (from_front < 0 || from_front >= rank) {
      throw Error(Code::shape,
                  fmt::format("[{}] {}: expected an axis of rank {}, got {}", technique, operand, rank, axis));
    }
    if (std::find(result.begin(), result.end(), from_front) != result.end()) {
      throw Error(Code::shape,
                  fmt::format("[{}] {}: expected axes without repeats, got {} twice", technique, operand, axis));
    }
    result.push_back(from_front);
  }
  return result;
}

Dims other_axes(const Dims& axes, int rank) {
  Dims others;
  for (std::int64_t i = 0; i < rank; ++i)
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) others.push_back(i);
  return others;
}

Dims sizes_at(const Dims& x, const Dims& axes) {
  Dims sizes;
  for (const std::int64_t a : axes) sizes.push_back(x[static_cast<int>(a)]);
  return sizes;
}

}  // namespace poise
