#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/data_source.h"

namespace poise {

// One part in count of a data set: its samples are those whose place is index modulo count.
struct Shard {
  std::int64_t index = 0, count = 1;
  bool holds(std::int64_t place) const noexcept { return place % count == index; }
  // "2/5": the second of five. Error{usage} for anything else.
  static Shard parse(const std::string& text);
};

// An image as a file holds it.
struct EncodedImage {
  std::int64_t place = 0;        // in the whole set
  std::string name;              // in the set, whose own name stands before it where it is an archive
  std::string path;              // for messages: where the user finds it
  std::string label;             // the first folder it is in, or empty
  std::vector<std::byte> bytes;  // none where error says why it cannot be read
  std::string error;
};

// The images of a folder or an archive in order. Files are images by their content; what has an image's name only is
// handed out too, since it is a damaged image. Everything else is skipped and counted.
class ImageSource {
 public:
  // Larger files than that are damaged images.
  static constexpr std::uint64_t max_bytes = std::uint64_t{1} << 29;

  virtual ~ImageSource() = default;
  const std::string& name() const noexcept { return name_; }  // as the user gave it
  const char* format() const noexcept { return format_; }     // "folder", "tar", "image"
  virtual const char* compression() const { return "none"; }
  std::uint64_t skipped() const noexcept { return skipped_; }
  // The next one of the shard; false at the end. Sees interrupts. What ends an archive early is an image with an error.
  virtual bool next(EncodedImage& image) = 0;

 protected:
  ImageSource(std::string name, const char* format, const Shard& shard)
      : name_(std::move(name)), format_(format), shard_(shard) {}
  // Takes the next place; whether the shard holds it.
  bool take_place(EncodedImage& image) {
    image.place = places_++;
    return shard_.holds(image.place);
  }
  void skip() noexcept { ++skipped_; }

 private:
  std::string name_;
  const char* format_;
  Shard shard_;
  std::int64_t places_ = 0;
  std::uint64_t skipped_ = 0;
};

// Whether the file's bytes, or else its name, say that it is an image.
bool looks_like_image(std::string_view name, std::span<const std::byte> head);
// "cat" of "cat/01/a.png"; of "a.png" nothing.
std::string first_folder(std::string_view name);

std::unique_ptr<ImageSource> open_folder(const std::string& path, const Shard& shard);
std::unique_ptr<ImageSource> open_image_file(const std::string& path, const Shard& shard);
std::unique_ptr<ImageSource> open_tar(const std::string& path, const Shard& shard);
bool is_tar(std::span<const std::byte> head) noexcept;

}  // namespace poise
