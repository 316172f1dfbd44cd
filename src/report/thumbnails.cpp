#include "report/thumbnails.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <poise/error.h>

#include "data/colour.h"
#include "data/formats.h"
#include "data/tally.h"
#include "io/file.h"
#include "io/image.h"

namespace poise {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t sample_side = 80;

// The place of each channel and pixel among an image's values.
struct Strides {
  std::int64_t channel, row, column;
};

struct Picture {
  const Image& image;
  Strides strides;

  unsigned value(std::int64_t channel, std::int64_t y, std::int64_t x) const {
    const auto at = static_cast<std::size_t>(channel * strides.channel + y * strides.row + x * strides.column);
    if (image.bits == 8) return std::to_integer<unsigned>(image.pixels[at]);
    std::uint16_t wide = 0;
    std::memcpy(&wide, image.pixels.data() + 2 * at, 2);
    return wide >> 8;
  }
  // The mean of a box, which has at least a pixel.
  std::byte box(std::int64_t channel, std::int64_t top, std::int64_t bottom, std::int64_t left,
                std::int64_t right) const {
    std::uint64_t sum = 0, count = 0;
    for (std::int64_t y = top; y < std::max(bottom, top + 1); ++y) {
      for (std::int64_t x = left; x < std::max(right, left + 1); ++x, ++count) sum += value(channel, y, x);
    }
    return static_cast<std::byte>((sum + count / 2) / count);
  }
};

// Grey or the first three channels, each pixel the mean of the pixels it stands for.
Image scaled_down(const Picture& picture, std::int64_t side) {
  const Image& from = picture.image;
  const std::int64_t longest = std::max({from.height, from.width, side});
  Image to;
  to.height = std::max<std::int64_t>(from.height * side / longest, 1);
  to.width = std::max<std::int64_t>(from.width * side / longest, 1);
  to.channels = from.channels >= 3 ? 3 : 1;
  for (std::int64_t y = 0; y < to.height; ++y) {
    for (std::int64_t x = 0; x < to.width; ++x) {
      for (int c = 0; c < to.channels; ++c) {
        to.pixels.push_back(picture.box(c, y * from.height / to.height, (y + 1) * from.height / to.height,
                                        x * from.width / to.width, (x + 1) * from.width / to.width));
      }
    }
  }
  return to;
}

Thumbnail thumbnail_of(const Picture& picture, std::int64_t side) {
  const Image small = scaled_down(picture, side);
  const std::int64_t times = std::max<std::int64_t>(side / std::max(small.height, small.width), 1);
  return {encode_png(small), small.width * times, small.height * times};
}

// As decoders leave them.
Strides interleaved(const Image& image) { return {1, image.width * image.channels, image.channels}; }

class Search {
 public:
  explicit Search(const StatisticsFile& file) : file_(file) {
    for (const auto* list : {&file.outliers->darkest, &file.outliers->brightest, &file.outliers->flattest}) {
      for (const Outlier& o : *list) wanted_.insert({o.name, o.mean, o.std});
    }
  }

  Thumbnails run() {
    for (const std::string& path : file_.run->paths) {
      try {
        if (!done()) look_in(path);
      } catch (const Error& error) {
        if (error.code() != Code::data && error.code() != Code::io) throw;
        reason_ = error.what();
      }
    }
    if (done()) return std::move(result_);
    if (reason_.empty()) reason_ = "the data is not what it was";
    const std::size_t missing = wanted_.size() - result_.found.size();
    result_.missing = fmt::format("Pictures of {} of these samples are missing: {}.", missing, reason_);
    return std::move(result_);
  }

 private:
  bool done() const { return result_.found.size() == wanted_.size(); }

  void look_in(const std::string& path) {
    std::error_code error;
    if (fs::is_directory(path, error)) return look_in_folder(path);
    if (!fs::is_regular_file(path, error)) {
      reason_ = "no data at " + path;
      return;
    }
    if (fs::file_size(path, error) > thumbnail_max_bytes) {
      reason_ = fmt::format("{} has more than {} bytes, too many to look through", path, thumbnail_max_bytes);
      return;
    }
    const OpenedData data = open_data_set(path);
    if (data.images) return look_in_images(*data.images);
    look_in_array(*data.arrays, path);
  }

  // The names of the samples that are wanted.
  std::set<std::string> names() const {
    std::set<std::string> out;
    for (const auto& [name, mean, std] : wanted_) out.insert(name);
    return out;
  }

  void look_in_folder(const std::string& path) {
    std::error_code error;
    const std::string root = fs::canonical(path, error).string();
    for (const std::string& name : names()) {
      const std::string at = fs::canonical(fmt::format("{}/{}", root, name), error).string();
      if (error || !at.starts_with(root + "/") || !fs::is_regular_file(at, error)) continue;
      take_encoded(name, read_file(at));
    }
  }

  static std::vector<std::byte> read_file(const std::string& path) {
    FileStream file(path);
    if (file.extent().bytes > ImageSource::max_bytes) return {};
    std::vector<std::byte> bytes(file.extent().bytes);
    file.read(bytes);
    return bytes;
  }

  void look_in_images(ImageSource& source) {
    const std::set<std::string> wanted = names();
    EncodedImage image;
    while (!done() && source.next(image)) {
      if (image.error.empty() && wanted.contains(image.name)) take_encoded(image.name, image.bytes);
    }
  }

  void take_encoded(const std::string& name, std::span<const std::byte> bytes) {
    if (!is_image(bytes)) return;
    try {
      Image image = decode_image(bytes, name);
      if (!convert_colour(image, file_.provenance.mode, file_.provenance.alpha)) return;
      take(name, {image, interleaved(image)});
    } catch (const Error& error) {
      if (error.code() != Code::data) throw;
    }
  }

  // Samples of integers: grey images, or those of up to four channels.
  void look_in_array(DataSource& source, const std::string& path) {
    const SourceInfo& info = source.info();
    const Dims shape = info.sample_shape();
    const int axis = info.image_channel_axis.value_or(file_.provenance.channel_axis);
    const bool first = shape.size() == 3 && axis == 1, last = shape.size() == 3 && axis == 3;
    if (!info.dtype.is_integer() || !(first || last || (shape.size() == 2 && axis < 0))) {
      reason_ = "the samples are no images";
      return;
    }
    Image image;
    image.bits = info.dtype == DType::u8 ? 8 : 16;
    image.height = shape[first ? 1 : 0];
    image.width = shape[first ? 2 : 1];
    image.channels = shape.size() == 2 ? 1 : static_cast<int>(std::min<std::int64_t>(shape[first ? 0 : 2], 4));
    const std::int64_t channels = last ? shape[2] : 1;
    const Strides strides{first ? shape[1] * shape[2] : 1, image.width * channels, channels};
    const std::string name = path.substr(path.rfind('/') + 1);
    const std::set<std::string> wanted = names();
    std::vector<std::byte> block = source.make_block();
    std::int64_t index = 0;
    while (const std::int64_t count = done() ? 0 : source.read(block)) {
      for (std::int64_t i = 0; i < count; ++i, ++index) {
        const std::string sample = fmt::format("{}:{}", name, index);
        if (!wanted.contains(sample)) continue;
        const auto bytes =
            std::span(block).subspan(static_cast<std::size_t>(i) * info.sample_bytes(), info.sample_bytes());
        image.pixels.assign(bytes.begin(), bytes.end());
        take(sample, {image, strides});
      }
    }
  }

  void take(const std::string& name, const Picture& picture) {
    const Image& image = picture.image;
    const Tally::Own own = Tally(ValueType::of_bits(image.bits), {}, 0, Grouping::all, false).add(image.pixels);
    const Thumbnails::Key key{name, own.mean, own.std};
    if (wanted_.contains(key)) result_.found.emplace(key, thumbnail_of(picture, sample_side));
  }

  const StatisticsFile& file_;
  std::set<Thumbnails::Key> wanted_;
  Thumbnails result_;
  std::string reason_;
};

}  // namespace

Thumbnail thumbnail_of(const Image& image, std::int64_t side) {
  return thumbnail_of({image, interleaved(image)}, side);
}

const Thumbnail* Thumbnails::find(const Outlier& outlier) const {
  const auto at = found.find({outlier.name, outlier.mean, outlier.std});
  return at == found.end() ? nullptr : &at->second;
}

Thumbnails find_thumbnails(const StatisticsFile& file) {
  if (!file.outliers || file.outliers->darkest.empty()) return {};
  if (!file.run) return {{}, "There are no pictures, since the statistics do not say where the data is."};
  return Search(file).run();
}

}  // namespace poise
