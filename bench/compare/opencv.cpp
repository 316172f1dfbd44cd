// OpenCV: 8-bit images scaled by a preset as its users can do it fastest, one pass over the floats: by a table of 256
// values a channel where channels stay interleaved, else plane by plane, after a split where they do not.

#include <fmt/format.h>

#include <opencv2/core.hpp>
#include <opencv2/core/utility.hpp>
#include <opencv2/core/version.hpp>

#include "peer.h"

namespace poise::bench {
namespace {

constexpr int channels = 3;

struct Images {
  int count, height, width;
  bool from_pixels, to_pixels;  // interleaved channels
  double scale[channels] = {}, shift[channels] = {};
};

Images images_of(const Case& c) {
  const Dims& sizes = c.problem().sizes;
  Images images{.count = static_cast<int>(sizes[0]),
                .height = static_cast<int>(sizes[2]),
                .width = static_cast<int>(sizes[3]),
                .from_pixels = c.problem().strides[1] == 1,
                .to_pixels = c.problem().y_strides[1] == 1};
  const Preset& preset = preset_named(c.parameters().preset);
  for (int k = 0; k < channels; ++k) {
    const int of = preset.channels == 1 ? 0 : k;
    images.scale[k] = 1 / (255 * preset.std[of]);
    images.shift[k] = -preset.mean[of] / preset.std[of];
  }
  return images;
}

cv::Mat table_of(const Images& images) {
  cv::Mat table(1, 256, CV_32FC3);
  for (int v = 0; v < 256; ++v)
    for (int k = 0; k < channels; ++k)
      table.at<cv::Vec3f>(0, v)[k] = static_cast<float>(v * images.scale[k] + images.shift[k]);
  return table;
}

void scale_one(const Images& images, const cv::Mat& table, std::uint8_t* x, float* y, cv::Mat* planes) {
  const int h = images.height, w = images.width;
  if (images.to_pixels) {
    cv::Mat to(h, w, CV_32FC3, y);
    return cv::LUT(cv::Mat(h, w, CV_8UC3, x), table, to);
  }
  if (images.from_pixels) cv::split(cv::Mat(h, w, CV_8UC3, x), planes);
  for (int k = 0; k < channels; ++k) {
    const auto plane = static_cast<std::ptrdiff_t>(k) * h * w;
    cv::Mat to(h, w, CV_32FC1, y + plane);
    const cv::Mat from = images.from_pixels ? planes[k] : cv::Mat(h, w, CV_8UC1, x + plane);
    from.convertTo(to, CV_32F, images.scale[k], images.shift[k]);
  }
}

class OpenCv final : public Peer {
 public:
  explicit OpenCv(int threads) : threads_(threads) { cv::setNumThreads(threads); }
  std::string name() const override { return fmt::format("OpenCV {}.{}", CV_VERSION_MAJOR, CV_VERSION_MINOR); }
  PeerCall prepare(const Case& c) override {
    const Problem& problem = c.problem();
    if (std::string_view(problem.technique->name) != "preset" || problem.sizes.size() != 4 || problem.sizes[1] != 3)
      return {};
    if (problem.x != DType::u8 || problem.y != DType::f32) return {};
    const Images images = images_of(c);
    if (images.to_pixels && !images.from_pixels) return {};
    const cv::Mat table = table_of(images);
    return {[&c, images, table, threads = threads_](std::size_t turn) {
      auto* x = static_cast<std::uint8_t*>(const_cast<void*>(c.input(turn)));
      auto* y = static_cast<float*>(c.output(turn));
      const std::ptrdiff_t elements = std::ptrdiff_t{channels} * images.height * images.width;
      // Each stripe keeps its planes from image to image.
      const auto stripe = [&](const cv::Range& range) {
        cv::Mat planes[channels];
        for (int i = range.start; i < range.end; ++i)
          scale_one(images, table, x + i * elements, y + i * elements, planes);
      };
      if (threads == 1) return stripe({0, images.count});
      cv::parallel_for_(cv::Range(0, images.count), stripe, threads);
    }};
  }

 private:
  int threads_;
};

}  // namespace

std::unique_ptr<Peer> opencv_peer(int threads) { return std::make_unique<OpenCv>(threads); }

}  // namespace poise::bench
