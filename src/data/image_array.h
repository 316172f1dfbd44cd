#pragma once

#include <memory>
#include <string>

#include "data/choices.h"
#include "data/data_source.h"

namespace poise {

struct ImageArrayOptions {
  ColourMode mode = ColourMode::stored;
  Alpha alpha = Alpha::opaque;
  bool channels_last = false;  // (N, H, W, C) instead of (N, C, H, W)
  int threads = 1;
};

// The images of a folder or an archive as one array, decoded on several threads, in the set's order. The set is read
// twice, the first time to count its images. Error{data} for damaged images, and for one that has not the size and kind
// of the first.
std::unique_ptr<DataSource> open_image_array(const std::string& path, const ImageArrayOptions& options = {});

}  // namespace poise
