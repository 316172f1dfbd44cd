#pragma once

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "data/data_source.h"

// What the verbs that read data sets share.

namespace poise {

// A data set as a user names it.
struct DataSet {
  std::string path;
  std::string channel_axis;  // empty: not said
  NpyOptions npy;
  std::string mode = "stored", alpha = "opaque", layout;  // of images

  // Images as one array.
  std::unique_ptr<DataSource> open() const;
  // The axis that was said, or else what the data leaves no doubt about: IDX images have one channel, rows have their
  // features. -1: none. Error{usage} where there is a doubt.
  int channel_axis_of(const SourceInfo& info) const;
};

// --channel-axis and --void2-is-bf16; data must live as long as the command.
void add_array_options(CLI::App& command, DataSet& data);
// DATA, --channel-axis and --void2-is-bf16; data must live as long as the command.
void add_data_set(CLI::App& command, DataSet& data);

// --mode, --alpha and --layout.
void add_image_options(CLI::App& command, DataSet& data);

// `poise: note: ...` on standard error, unless quiet.
void note(const std::string& text);

}  // namespace poise
