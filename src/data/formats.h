#pragma once

#include <memory>
#include <string>

#include "data/image_source.h"
#include "io/byte_stream.h"

namespace poise {

struct OpenOptions {
  NpyOptions npy;
  std::string array;  // of an npz file; empty: its first
  Shard shard;        // of images; who scans arrays takes their samples apart
};

// An open data set: one of the two.
struct OpenedData {
  std::unique_ptr<DataSource> arrays;
  std::unique_ptr<ImageSource> images;
};

// Finds the format by the content: a folder, or a file's first bytes. Error{io} when it cannot be read, Error{data}
// when no format knows it.
OpenedData open_data_set(const std::string& path, const OpenOptions& options = {});

}  // namespace poise
