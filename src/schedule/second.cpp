// The second backward pass. With u = x - mean, v = ddx, g = ddgamma, w = gamma*dy, k = (2/d) r', of a cell the first
// one gives dx = r*w + k*S*u - (r/m)*G with S = sum w*u, G = sum w. What it is differentiated of:
//
//     phi = r*sum(v*w) + k*S*sum(v*u) - (r/m)*G*sum(v) + r*sum(g*dy*u) + sum(ddbeta*dy)
//
// Its gradients: to dy and gamma directly; to x through u (the mean's part is the mean of what goes to u) and var.

#include "schedule/second.h"

#include <algorithm>

#include "core/context_state.h"
#include "core/element.h"
#include "core/parallel.h"
#include "schedule/elements.h"

namespace poise {
namespace {

struct CellSums {
  double m = 0, w = 0, v = 0, wu = 0, vu = 0, vw = 0, gdu = 0, gd = 0;
};

struct Element {
  double dy = 0, u = 0, v = 0, w = 0, gamma = 1, g = 0;
};

class Second {
 public:
  explicit Second(const SecondJob& job) noexcept : job_(job) {}

  void cell(const Offsets& base, const Partition& inner, double* dgamma) const noexcept {
    const Curve c = (*job_.derivative)(base.cell);
    const CellSums s = sums(base, inner, c.mean);
    const double d = s.m - job_.less;
    const double k = job_.constant ? 0 : 2 / d * c.first, kk = job_.constant ? 0 : 2 / d * c.second;
    const double shift = job_.constant ? 0 : c.r / s.m;
    const double to_mean = job_.constant ? 0 : (k * s.vu * s.w + k * s.wu * s.v + c.r * s.gd) / s.m;
    const double to_var = job_.constant ? 0 : c.first * (s.vw - s.w * s.v / s.m + s.gdu) + kk * s.wu * s.vu;
    for_each_offset(base, inner, [&](const Offsets& at) {
      const Element e = element(at, c.mean);
      const double first = c.r * e.v + k * s.vu * e.u - shift * s.v;  // to w
      if (job_.ddy.present()) {
        const double beta = job_.ddbeta == nullptr ? 0 : job_.ddbeta[at.param];
        set_element(job_.ddy.data(), job_.ddy.dtype(), at.y, e.gamma * first + c.r * e.g * e.u + beta);
      }
      if (job_.dx.present()) {
        const double to_u = k * s.vu * e.w + k * s.wu * e.v + c.r * e.g * e.dy;
        const double dx = to_u - to_mean + (job_.constant ? 0 : to_var * 2 * e.u / d);
        set_element(job_.dx.data(), job_.dx.dtype(), at.beta, dx);
      }
      if (dgamma != nullptr) dgamma[at.param] += e.dy * first;
    });
  }

 private:
  Element element(const Offsets& at, double mean) const noexcept {
    Element e;
    e.dy = element_at(job_.dy.data(), job_.dy.dtype(), at.dy);
    e.u = element_at(job_.x.data(), job_.x.dtype(), at.x) - mean;
    e.v = job_.ddx.present() ? element_at(job_.ddx.data(), job_.ddx.dtype(), at.mask) : 0;
    e.gamma = job_.gamma[at.param];
    e.g = job_.ddgamma == nullptr ? 0 : job_.ddgamma[at.param];
    e.w = e.gamma * e.dy;
    return e;
  }

  CellSums sums(const Offsets& base, const Partition& inner, double mean) const noexcept {
    CellSums s;
    for_each_offset(base, inner, [&](const Offsets& at) {
      const Element e = element(at, mean);
      ++s.m;
      s.w += e.w;
      s.v += e.v;
      s.wu += e.w * e.u;
      s.vu += e.v * e.u;
      s.vw += e.v * e.w;
      s.gd += e.g * e.dy;
      s.gdu += e.g * e.dy * e.u;
    });
    return s;
  }

  const SecondJob& job_;
};

}  // namespace

void run_second(const SecondJob& job, Context& context) {
  constexpr std::int64_t most_chunks = 32;
  Partition cells, inner;
  for (const Dim& d : job.partition.dims()) (d.role == Role::cell ? cells : inner).add(d);
  const std::int64_t count = cells.elements(), chunks = std::min(count, most_chunks);
  // Chunks by the shape alone, so that threads do not show in dgamma.
  double* sums = job.dgamma == nullptr ? nullptr : context.state().workspace.take<double>(chunks * job.params);
  if (sums != nullptr) std::fill_n(sums, chunks * job.params, 0.0);
  const Second second(job);
  context.state().threads_used =
      parallel_for(threads_allowed(context), chunks, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t k = begin; k < end; ++k)
          for (std::int64_t cell = count * k / chunks; cell < count * (k + 1) / chunks; ++cell)
            second.cell(offsets_at(cells.dims(), cell), inner, sums == nullptr ? nullptr : sums + k * job.params);
      });
  for (std::int64_t k = 0; k < chunks && sums != nullptr; ++k)
    for (std::int64_t i = 0; i < job.params; ++i) job.dgamma[i] += sums[k * job.params + i];
}

}  // namespace poise
