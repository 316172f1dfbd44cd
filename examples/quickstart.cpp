#include <poise/poise.h>

#include <cstdio>
#include <vector>

int main() {
  // Two samples of four channels of 3 x 3 positions, with the values 0, 1, 2, ...
  const poise::Dims shape = {2, 4, 3, 3};
  poise::Tensor x(poise::DType::f32, shape), y(poise::DType::f32, shape);
  for (std::int64_t i = 0; i < x.elements(); ++i) x.data<float>()[i] = static_cast<float>(i);

  // gamma is memory of our own: a view names its pointer and its sizes. beta is absent, which means 0.
  const std::vector<float> gamma = {1, 1, 2, 2};
  poise::Tensor mean(poise::DType::f64, {2, 2}), rstd(poise::DType::f64, {2, 2});

  try {
    poise::group_norm(y, x, {.groups = 2, .gamma = {gamma.data(), {4}}}, {.mean = mean, .rstd = rstd});
    std::printf("mean %.1f, 1/deviation %.4f, y %.4f to %.4f\n", mean.data<double>()[0], rstd.data<double>()[0],
                y.data<float>()[0], y.data<float>()[17]);

    poise::group_norm(y, x, {.groups = 3});  // refused before anything is written
  } catch (const poise::Error& error) {
    std::printf("%s\n", error.what());
  }
}
