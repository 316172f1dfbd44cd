#pragma once

#include <poise/context.h>
#include <poise/error.h>

#include <initializer_list>
#include <optional>
#include <string>

#include "core/job.h"

namespace poise {

// One call of a technique while it is validated: every check throws Error with the technique's name, and what passes
// becomes the Job. Nothing is written before all checks are done.
class Call {
 public:
  Call(const char* technique, TensorView y, ConstTensorView x, Context& context);
  // A backward call: y is dx, which may be absent or dy itself.
  Call(const char* technique, TensorView dx, ConstTensorView dy, ConstTensorView x, Context& context);
  // A call that only measures x.
  Call(const char* technique, ConstTensorView x, Context& context);
  // Leaves the workspace in one piece, so that the next call of this size allocates nothing.
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  int rank() const noexcept { return job_.x.rank(); }
  std::int64_t size(int axis) const noexcept { return job_.x.size(axis); }
  bool empty() const noexcept { return job_.x.elements() == 0; }
  Job& job() noexcept { return job_; }
  Context& context() noexcept { return context_; }

  Dims axes(const char* operand, const Dims& axes) const;
  Dims sizes_of(const Dims& axes) const;

  // The kept axes are the cells, in the order given, which is the order of the results; all others are reduced.
  void keep(const Dims& axes);
  // gamma and beta, each of the sizes of `axes` or absent.
  void affine(const ConstTensorView& gamma, const ConstTensorView& beta, const Dims& axes);

  // The same of a backward call, and the gradients of both that are wanted; store_gradients writes them at the end.
  void affine_gradients(const ConstTensorView& gamma, const Gradients& gradients, const Dims& axes);
  void store_gradients() const noexcept;
  // A gradient, when present, has this shape and a floating type, and shares nothing with `other` or the operands.
  void gradient(const char* name, const TensorView& view, const Dims& sizes, const TensorView& other) const;
  // For a technique without gamma and beta.
  void refuse_parameter_gradients(const Gradients& gradients) const;
  // What an absent gamma is, where it is not 1.
  void absent_gamma(double value) noexcept;
  void affine_or(const ConstTensorView& gamma, const ConstTensorView& beta, const Dims& axes, double absent);
  // gamma is read as offset + g.
  void gamma_offset(double offset);
  // Elements that do not count; of x's shape.
  void mask(const Mask& mask);
  // Elements that do not count as they are not finite, or Error; after the mask and the epilogue.
  void non_finite(NonFinite policy);
  // How many of them were left out, where that is wanted.
  void tell_skipped(std::int64_t* count) const noexcept;
  bool skips() const noexcept { return policy_ == NonFinite::skip; }

  // What is fused to the map. A residual before is added when the job is executed first; from then on x is the sum.
  void epilogue(const Epilogue& e);
  // Of a backward call: dy becomes what the activation lets pass, kept in dresidual, in dx or in the call's own memory.
  // beta, of the sizes of `axes`, is read where the activation is smooth.
  void epilogue(const Epilogue& e, const TensorView& dresidual, const ConstTensorView& beta, const Dims& axes);

  // The job that writes another dy, into dx or the call's own memory; from now on that is dy.
  Job gated();

  // An operand, when present, has this shape and a floating type, and y does not write into it.
  void operand(const char* name, const ConstTensorView& view, const Dims& sizes) const;
  // A result, when present, has this shape and type, distinct elements, and shares none with x, y or `others`.
  void result(const char* name, const TensorView& view, const Dims& sizes, DType type,
              std::initializer_list<ConstTensorView> others = {}) const;

  void eps(double eps) const;
  void fraction(const char* name, double value) const;
  // Room for `count` doubles until the next call.
  double* memory(std::int64_t count) const;
  // m, the elements of a cell.
  std::int64_t elements_a_cell() const noexcept;

  [[noreturn]] void fail(Code code, const char* operand, const std::string& expected, const std::string& got) const;

 private:
  void begin(const ConstTensorView& y_strides, const ConstTensorView& dy_strides);
  void check_view(const char* name, const ConstTensorView& view) const;
  void same_tensor(const char* name, const ConstTensorView& view, DType type) const;
  ConstTensorView mask_of_lengths(const Mask& mask) const;
  void check_slope(const Epilogue& e) const;
  void check_gradient_to_residual(const Epilogue& e, const TensorView& dresidual) const;
  void gate_by_sign(const Epilogue& e);
  void gate_by_map(const Epilogue& e, const ConstTensorView& beta, const Dims& axes);
  void check_output(const char* name, const TensorView& view) const;
  // Where masked nothing was added, so nothing flows back; but dx there is dy's.
  void clear_masked(const TensorView& dresidual) const noexcept;

  Job job_;
  Context& context_;
  std::optional<Gradients> gradients_;  // of a backward call: setting them would show in small forward calls
  NonFinite policy_ = NonFinite::propagate;
  std::int64_t skipped_ = 0;
};

// The sizes of these axes of x, which must be in range: what operand shapes are made of.
Dims sizes_at(const Dims& x, const Dims& axes);

// Axes counted from the front, in range and without repeats, or Error in the technique's name.
Dims front_axes(const char* technique, const char* operand, const Dims& axes, int rank);
// The axes of this rank that are not among `axes` (counted from the front).
Dims other_axes(const Dims& axes, int rank);

}  // namespace poise
