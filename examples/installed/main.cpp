// Group normalization of one small batch, against an installed Poise.

#include <poise/poise.h>

#include <cmath>
#include <cstdio>
#include <vector>

int main() {
  std::vector<float> x = {1, 2, 3, 4, 10, 20, 30, 40};
  std::vector<float> y(x.size());
  const poise::Dims shape = {1, 4, 2};
  try {
    poise::group_norm(poise::TensorView(y.data(), shape), poise::TensorView(x.data(), shape), {.groups = 2});
  } catch (const poise::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  std::printf("poise %s:", poise::version());
  for (const float value : y) std::printf(" %.4f", static_cast<double>(value));
  std::printf("\n");
  // Mean 2.5 and variance 1.25 of 1, 2, 3, 4.
  return std::abs(y[0] + 1.5F / std::sqrt(1.25F)) < 1e-4F ? 0 : 1;
}
