#pragma once

namespace poise {

// Affine: what map applies, y = (x - center) * scale + shift. Kept as three numbers since folding it to x * a + b loses
// the digits that x - center keeps when the mean is far above the deviation.
struct Affine {
  double center = 0;
  double scale = 1;
  double shift = 0;

  double operator()(double x) const noexcept { return (x - center) * scale + shift; }

  // Undoes it; scale must not be 0.
  Affine inverse() const noexcept { return {shift, 1 / scale, center}; }

  // outer(inner(x)). The inner center stays the center: it is the one taken from the data.
  friend Affine compose(const Affine& outer, const Affine& inner) noexcept {
    return {inner.center, inner.scale * outer.scale, outer(inner.shift)};
  }
};

}  // namespace poise
