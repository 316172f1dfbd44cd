#include "data/image_array.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include <fmt/format.h>
#include <poise/error.h>

#include "core/parallel.h"
#include "data/colour.h"
#include "data/formats.h"
#include "io/image.h"

namespace poise {
namespace {

constexpr std::size_t block_bytes = std::size_t{1} << 23;

// Decoded and converted. Error{data} where that is not possible.
void decode(Image& image, const EncodedImage& encoded) {
  if (!encoded.error.empty()) throw Error(Code::data, encoded.error);
  decode_image(image, encoded.bytes, encoded.path);
}

void convert(Image& image, const EncodedImage& encoded, const ImageArrayOptions& options) {
  if (convert_colour(image, options.mode, options.alpha)) return;
  throw Error(Code::data,
              fmt::format("[data] {}: expected an opaque image, got one that is partly transparent (--alpha "
                          "drop or keep)",
                          encoded.path));
}

std::unique_ptr<ImageSource> open_images(const std::string& path) { return std::move(open_data_set(path).images); }

std::string kind_of(const Image& image) {
  return fmt::format("{} x {}, {} channels of {} bits", image.width, image.height, image.channels, image.bits);
}

// What all images must be like, and how many there are.
struct Census {
  Image first;  // without pixels
  std::string first_path;
  std::int64_t images = 0;

  Census(const std::string& path, const ImageArrayOptions& options) {
    const auto source = open_images(path);
    EncodedImage encoded;
    for (; source->next(encoded); ++images) {
      if (images > 0) continue;
      decode(first, encoded);
      convert(first, encoded, options);
      first.pixels = {};
      first_path = encoded.path;
    }
    if (images == 0) throw Error(Code::data, fmt::format("[data] {}: expected images, got none", path));
  }

  Dims shape(bool channels_last) const {
    if (channels_last) return {images, first.height, first.width, first.channels};
    return {images, first.channels, first.height, first.width};
  }
};

template <class T>
void place(const std::vector<std::byte>& pixels, std::size_t channels, bool channels_last, std::byte* out) {
  const T* from = reinterpret_cast<const T*>(pixels.data());
  T* to = reinterpret_cast<T*>(out);
  const std::size_t values = pixels.size() / sizeof(T), positions = values / channels;
  if (channels_last) {
    std::copy(from, from + values, to);
    return;
  }
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < positions; ++i) to[c * positions + i] = from[i * channels + c];
  }
}

class ImageArray final : public DataSource {
 public:
  ImageArray(const std::string& path, const ImageArrayOptions& options, Census census)
      : DataSource(info_of(path, options, census)),
        options_(options),
        census_(std::move(census)),
        source_(open_images(path)) {}

  void add_content(Fingerprint& to, std::span<const std::byte>) const override { to.merge(content_); }

 protected:
  void read_samples(std::span<std::byte> block) override {
    const std::size_t bytes = info().sample_bytes(), count = block.size() / bytes;
    encoded_.resize(std::max(encoded_.size(), count));
    for (std::size_t i = 0; i < count; ++i) {
      if (source_->next(encoded_[i])) continue;
      throw Error(Code::data,
                  fmt::format("[data] {}: expected {} images, got fewer the second time", info().name, census_.images));
    }
    content_ = {};
    failed_ = count;
    parallel_for(options_.threads, static_cast<std::int64_t>(count), [&](auto begin, auto end, int) {
      Image image;
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
        read_one(i, image, block.subspan(i * bytes, bytes));
      }
    });
    if (failed_ < count) std::rethrow_exception(failure_);
  }

  void expect_end() override {}

 private:
  static SourceInfo info_of(const std::string& path, const ImageArrayOptions& options, const Census& census) {
    const auto source = open_images(path);
    SourceInfo info{path,
                    source->format(),
                    "none",
                    ValueType::of_bits(census.first.bits),
                    census.shape(options.channels_last),
                    block_bytes};
    info.image_channel_axis = options.channels_last ? 3 : 1;
    return info;
  }

  // Of several failures the first in the set's order is told.
  void read_one(std::size_t i, Image& image, std::span<std::byte> to) noexcept {
    try {
      decode(image, encoded_[i]);
      Fingerprint content;
      content.add(image.pixels);
      convert(image, encoded_[i], options_);
      check(image, encoded_[i]);
      put(image, to);
      const std::lock_guard lock(mutex_);
      content_.merge(content);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (i < failed_) failure_ = std::current_exception();
      failed_ = std::min(failed_, i);
    }
  }

  void check(const Image& image, const EncodedImage& encoded) const {
    const Image& first = census_.first;
    if (image.height == first.height && image.width == first.width && image.channels == first.channels &&
        image.bits == first.bits) {
      return;
    }
    throw Error(Code::data, fmt::format("[data] {}: expected {} as {} is, got {}{}", encoded.path, kind_of(first),
                                        census_.first_path, kind_of(image),
                                        image.channels != first.channels ? " (--mode grey or rgb)" : ""));
  }

  void put(const Image& image, std::span<std::byte> to) const {
    const auto channels = static_cast<std::size_t>(image.channels);
    if (image.bits == 8) {
      place<std::uint8_t>(image.pixels, channels, options_.channels_last, to.data());
    } else {
      place<std::uint16_t>(image.pixels, channels, options_.channels_last, to.data());
    }
  }

  ImageArrayOptions options_;
  Census census_;
  std::unique_ptr<ImageSource> source_;
  std::vector<EncodedImage> encoded_;
  std::mutex mutex_;
  Fingerprint content_;  // of the block
  std::exception_ptr failure_;
  std::size_t failed_ = 0;
};

}  // namespace

std::unique_ptr<DataSource> open_image_array(const std::string& path, const ImageArrayOptions& options) {
  return std::make_unique<ImageArray>(path, options, Census(path, options));
}

}  // namespace poise
