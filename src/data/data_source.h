#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <poise/tensor.h>

#include "data/fingerprint.h"
#include "io/npy_header.h"
#include "io/value_type.h"

namespace poise {

// What a data set is, before its values are read. Axis 0 of shape counts the samples; a shape without axes is one
// sample.
struct SourceInfo {
  std::string name;         // as the user gave it
  std::string format;       // "npy", "idx", "folder"
  std::string compression;  // "none", "gzip"
  ValueType dtype = DType::u8;
  Dims shape;
  std::size_t block_bytes = 0;                 // worth reading at once
  std::optional<int> image_channel_axis = {};  // of images, where there is no doubt

  double scale() const noexcept { return dtype.full_scale(); }  // the raw value of 1 in [0, 1]
  std::int64_t samples() const noexcept { return shape.empty() ? 1 : shape[0]; }
  Dims sample_shape() const;
  std::int64_t sample_values() const { return sample_shape().product(); }
  std::size_t sample_bytes() const { return static_cast<std::size_t>(sample_values()) * size_of(dtype); }
};

// Samples of a data set in order, block by block.
class DataSource {
 public:
  virtual ~DataSource() = default;
  const SourceInfo& info() const noexcept { return info_; }
  // A buffer for read: bounded, whatever the size of the data set, but never less than a sample.
  std::vector<std::byte> make_block() const;
  // The next samples, as many as fit whole in block (at least one must): row-major, in this machine's byte order.
  // Returns how many; 0 at the end. Sees interrupts.
  std::int64_t read(std::span<std::byte> block);
  // Adds the content of the samples read last, which block holds, to a fingerprint.
  virtual void add_content(Fingerprint& to, std::span<const std::byte> samples) const;

 protected:
  explicit DataSource(SourceInfo info) : info_(std::move(info)) {}
  virtual void read_samples(std::span<std::byte> block) = 0;
  // Checks what the container keeps behind its data.
  virtual void expect_end() = 0;

 private:
  SourceInfo info_;
  std::int64_t position_ = 0;
};

// Finds the format by the first bytes. Error{io} when the file cannot be read, Error{data} when no format knows it.
std::unique_ptr<DataSource> open_data_source(const std::string& path, const NpyOptions& options = {});

}  // namespace poise
