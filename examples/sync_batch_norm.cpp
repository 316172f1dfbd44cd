// One layer, z = x W then synchronized batch norm, trained by gradient descent over ranks:
//
//     mpirun -n 4 build/release/examples/sync_batch_norm
//
// Each rank holds a part of the samples. The loss is the same, to rounding, for every number of ranks: the statistics
// are of the whole batch, and gradients of W, gamma and beta are added up over the ranks.

#include <poise/mpi.h>
#include <poise/poise.h>

#include <cmath>
#include <cstdio>
#include <vector>

namespace {

using Matrix = std::vector<double>;
constexpr std::int64_t samples = 30, inputs = 3, channels = 2;

double& at(Matrix& m, std::int64_t row, std::int64_t columns, std::int64_t column) {
  return m[static_cast<std::size_t>(row * columns + column)];
}

// Adds up what every rank has, in rank order, so that all go on with the same bits.
void add_up(poise::Communicator& ranks, Matrix& values) {
  Matrix all(values.size() * static_cast<std::size_t>(ranks.size()));
  ranks.all_gather(values.data(), values.size() * sizeof(double), all.data());
  for (double& v : values) v = 0;
  for (std::size_t i = 0; i < all.size(); ++i) values[i % values.size()] += all[i];
}

struct Layer {
  Matrix w{0.4, -0.2, 0.1, 0.5, -0.3, 0.2}, gamma{1, 1}, beta{0, 0};
};

// One step on this rank's samples x with their targets t; the loss of the whole batch before it.
double step(poise::Communicator& ranks, Layer& layer, Matrix& x, Matrix& t) {
  const auto n = static_cast<std::int64_t>(t.size()) / channels;
  const poise::Dims shape = {n, channels};
  Matrix z(t.size()), y(t.size()), dy(t.size()), mean(channels), rstd(channels);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t k = 0; k < inputs; ++k)
        at(z, i, channels, c) += at(x, i, inputs, k) * at(layer.w, k, channels, c);

  const poise::BatchNormOptions options = {.gamma = {layer.gamma.data(), {channels}},
                                           .beta = {layer.beta.data(), {channels}}};
  const poise::BatchNormResults saved = {.mean = {mean.data(), {channels}}, .rstd = {rstd.data(), {channels}}};
  poise::sync_batch_norm({y.data(), shape}, {z.data(), shape}, ranks, options, saved);

  Matrix loss(1);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double error = y[i] - t[i];
    loss[0] += error * error / samples;
    dy[i] = 2 * error / samples;
  }

  Matrix dgamma(channels), dbeta(channels), dw(layer.w.size());
  poise::sync_batch_norm_backward(
      {.dx = {dy.data(), shape}, .dgamma = {dgamma.data(), {channels}}, .dbeta = {dbeta.data(), {channels}}},
      {dy.data(), shape}, {z.data(), shape}, ranks, saved, options);
  for (std::int64_t i = 0; i < n; ++i)  // dy has become the gradient to z
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t k = 0; k < inputs; ++k) at(dw, k, channels, c) += at(x, i, inputs, k) * at(dy, i, channels, c);

  const auto descend = [&](Matrix& values, Matrix& gradient) {
    add_up(ranks, gradient);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] -= 0.2 * gradient[i];
  };
  descend(layer.w, dw), descend(layer.gamma, dgamma), descend(layer.beta, dbeta);
  add_up(ranks, loss);
  return loss[0];
}

int train(poise::Communicator& ranks) {
  Matrix x, t;
  for (std::int64_t i = samples * ranks.rank() / ranks.size(); i < samples * (ranks.rank() + 1) / ranks.size(); ++i) {
    const auto s = static_cast<double>(i);
    const Matrix one = {std::sin(s), std::cos(1.7 * s), std::sin(2.3 * s + 1)};
    x.insert(x.end(), one.begin(), one.end());
    t.insert(t.end(), {1 + one[0] - one[1] * one[1], 2 * one[2] + one[0] * one[1]});
  }
  Layer layer;
  double first = 0, last = 0;
  for (int i = 0; i < 200; ++i) {
    last = step(ranks, layer, x, t);
    if (i == 0) first = last;
    if (ranks.rank() == 0 && i % 40 == 0) std::printf("step %3d  loss %.6f\n", i, last);
  }
  if (ranks.rank() == 0) std::printf("step 200  loss %.6f\n", last);
  return last < first / 2 ? 0 : 1;
}

}  // namespace

int main() {
  try {
    if (!poise::mpi_available()) return train(poise::single_process());
    poise::MpiCommunicator ranks = poise::MpiCommunicator::world();
    return train(ranks);
  } catch (const poise::Error& error) {
    std::printf("%s\n", error.what());
    return 1;
  }
}
