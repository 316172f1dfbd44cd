// Spectral normalization. Miyato, Kataoka, Koyama, Yoshida 2018, arXiv:1802.05957.
//
//     y = W / sigma      sigma = u^T W v      v = W^T u / |W^T u|, u = W v / |W v|
//
// W, y: any shape, one axis the matrix's rows   u (rows), v (columns)   kept for backward: u, v, sigma
// There is one cell, the matrix; its statistic is sigma, from products with the matrix instead of a measure.

#include <poise/spectral_norm.h>

#include "core/context_state.h"
#include "schedule/execute.h"
#include "techniques/spectral.h"

namespace poise {
namespace {

// y = W / sigma, of one cell.
class DivideBySigma final : public Merge {
 public:
  explicit DivideBySigma(double divisor) noexcept : divisor_(divisor) {}
  CellAffine operator()(std::int64_t, const Measured&) const noexcept override { return {0, 0, 1 / divisor_, 0}; }

 private:
  double divisor_;
};

double divisor_of(double sigma, ZeroSigma policy) noexcept {
  return sigma == 0 && policy == ZeroSigma::one ? 1 : sigma;
}

}  // namespace

void spectral_norm(TensorView y, ConstTensorView w, const SpectralNormOptions& o, const SpectralNormResults& r,
                   Context& context) {
  Call call("spectral_norm", y, w, context);
  const SpectralShape shape = check_spectral(call, o);
  check_spectral_results(call, r, shape);
  Job& job = call.job();
  double sigma = 1;
  if (!call.empty()) {
    plan_only(job, context);  // types that do not go together are refused before the work
    Spectral spectral(call, o, Matrix(w, shape.axis, context));
    if (!context.explain_only) {
      sigma = spectral.find(o);
      spectral.give(r);
    }
  }
  const DivideBySigma divide(divisor_of(sigma, o.zero_sigma));
  job.merge = &divide;
  execute(job, context);
}

void spectral_norm_backward(const Gradients& gradients, ConstTensorView dy, ConstTensorView w,
                            const SpectralNormResults& saved, const SpectralNormOptions& o, Context& context) {
  Call call("spectral_norm", gradients.dx, dy, w, context);
  const SpectralShape shape = check_spectral(call, o);
  if (gradients.dgamma.present()) call.fail(Code::usage, "dgamma", "none", "a tensor");
  if (gradients.dbeta.present()) call.fail(Code::usage, "dbeta", "none", "a tensor");
  check_spectral_saved(call, saved, shape);
  if (call.empty() || !gradients.dx.present()) return;
  Spectral spectral(call, o, Matrix(w, shape.axis, context, dy, gradients.dx));
  if (context.explain_only) return;
  const bool complete = saved.u.present() && saved.v.present() && saved.sigma.present();
  const double sigma = complete ? spectral.take(saved) : spectral.find(o);
  const double divisor = divisor_of(sigma, o.zero_sigma);
  // Where sigma is 0 and divides by 1 it is a constant.
  const bool constant = sigma == 0 && divisor == 1;
  spectral.scale(1 / divisor, constant ? 0 : -spectral.product() / divisor);
  spectral.matrix().rank_one(1 / divisor, spectral.u(), spectral.v());
  context.state().threads_used = spectral.matrix().threads_used();
}

}  // namespace poise
