// Images as decoders and cameras give them, to what a network takes, in one pass over the memory: a view says how the
// bytes lie, and no copy puts them in order first.

#include <poise/poise.h>

#include <cstdint>
#include <cstdio>
#include <vector>

int main() {
  // Two frames of 4 x 6 pixels: blue, green, red, and rows that begin 64 bytes apart.
  const std::int64_t frames = 2, height = 4, width = 6, row = 64;
  std::vector<std::uint8_t> memory(static_cast<std::size_t>(frames * height * row));
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<std::uint8_t>(i % 64 / 3 * 10 + i % 64 % 3);
  const std::uint8_t* bytes = memory.data();

  const poise::Dims nchw = {frames, 3, height, width};
  // The view begins at the first red byte, and the next channel, green, lies one byte before it.
  const poise::ConstTensorView bgr(bytes + 2, nchw, {height * row, -1, row, 3});
  poise::Tensor planes(poise::DType::f32, nchw);
  poise::preset(planes, bgr, {.name = "imagenet"});

  // The same pixels channels last, in bfloat16.
  poise::Tensor pixels(poise::DType::bf16, nchw, poise::channels_last_strides(nchw));
  poise::preset(pixels, bgr, {.name = "imagenet"});

  std::printf("red, green, blue of the first pixel: %.4f %.4f %.4f\n", planes.data<float>()[0],
              planes.data<float>()[height * width], planes.data<float>()[2 * height * width]);
  std::printf("channels last, bf16: %.4f %.4f %.4f\n", poise::to_float(pixels.data<poise::bfloat16>()[0]),
              poise::to_float(pixels.data<poise::bfloat16>()[1]), poise::to_float(pixels.data<poise::bfloat16>()[2]));
}
