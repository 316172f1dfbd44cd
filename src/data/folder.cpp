// Folders of images, and single images.

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <poise/error.h>

#include "data/image_source.h"
#include "io/file.h"
#include "io/image.h"
#include "io/interrupt.h"

namespace poise {
namespace {

namespace fs = std::filesystem;

// The file's bytes where it looks like an image. False: it does not.
bool read_image(const std::string& path, const std::string& name, EncodedImage& image) {
  FileStream file(path);
  if (!looks_like_image(path, file.peek())) return false;
  const std::uint64_t bytes = file.extent().bytes;
  image.path = path;
  image.name = name;
  image.error.clear();
  image.bytes.clear();
  if (bytes > ImageSource::max_bytes) {
    image.error = fmt::format("[image] {}: expected at most {} bytes, got {}", name, ImageSource::max_bytes, bytes);
    return true;
  }
  image.bytes.resize(bytes);
  file.read(image.bytes);
  return true;
}

// One folder on the way down. Its entries are in the order of the bytes of their paths: folders as if their names
// ended in a slash.
struct Level {
  struct Entry {
    std::string name;
    enum Kind { folder, file, other } kind;
  };
  std::string prefix;  // from the root, with the slash at its end
  std::vector<Entry> entries;
  std::size_t next = 0;
};

class FolderSource final : public ImageSource {
 public:
  FolderSource(const std::string& path, const Shard& shard) : ImageSource(path, "folder", shard) {
    std::error_code error;
    root_ = fs::canonical(path, error).string();
    if (error) throw_io("read", path, "open", error.value());
    levels_.push_back(read_level(""));
  }

  bool next(EncodedImage& image) override {
    while (!levels_.empty()) {
      check_interrupt();
      Level& level = levels_.back();
      if (level.next == level.entries.size()) {
        levels_.pop_back();
        continue;
      }
      const Level::Entry entry = level.entries[level.next++];
      const std::string relative = level.prefix + entry.name;
      if (entry.kind == Level::Entry::folder) {
        levels_.push_back(read_level(relative));
        continue;
      }
      if (!take_place(image)) continue;
      if (entry.kind == Level::Entry::file && read_image(full(relative), relative, image)) {
        image.label = first_folder(relative);
        return true;
      }
      skip();
    }
    return false;
  }

 private:
  std::string full(const std::string& relative) const {
    return name().ends_with('/') ? name() + relative : name() + "/" + relative;
  }

  // Links lead to files in the root or nowhere: what is outside is not the data set, and folders could lead in circles.
  bool leads_inside(const fs::path& link) const {
    std::error_code error;
    const std::string target = fs::canonical(link, error).string();
    return !error && target.starts_with(root_ == "/" ? root_ : root_ + "/") && fs::is_regular_file(target, error);
  }

  Level::Entry::Kind kind_of(const fs::directory_entry& entry) const {
    std::error_code error;
    const fs::file_status status = entry.symlink_status(error);
    if (fs::is_directory(status)) return Level::Entry::folder;
    if (fs::is_regular_file(status)) return Level::Entry::file;
    return fs::is_symlink(status) && leads_inside(entry.path()) ? Level::Entry::file : Level::Entry::other;
  }

  Level read_level(const std::string& relative) const {
    Level level{relative.empty() ? "" : relative + "/", {}, 0};
    std::error_code error;
    const fs::path path = full(relative);
    for (fs::directory_iterator entries(path, error), end; !error && entries != end; entries.increment(error)) {
      const Level::Entry::Kind kind = kind_of(*entries);
      level.entries.push_back({entries->path().filename().string() + (kind == Level::Entry::folder ? "/" : ""), kind});
    }
    if (error) throw_io("read", path.string(), "list", error.value());
    std::sort(level.entries.begin(), level.entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    for (Level::Entry& entry : level.entries) {
      if (entry.kind == Level::Entry::folder) entry.name.pop_back();
    }
    return level;
  }

  std::string root_;
  std::vector<Level> levels_;
};

class FileSource final : public ImageSource {
 public:
  FileSource(const std::string& path, const Shard& shard) : ImageSource(path, "image", shard) {}

  bool next(EncodedImage& image) override {
    if (read_) return false;
    read_ = true;
    if (!take_place(image)) return false;
    image.label.clear();
    return read_image(name(), name().substr(name().rfind('/') + 1), image);
  }

 private:
  bool read_ = false;
};

}  // namespace

std::unique_ptr<ImageSource> open_folder(const std::string& path, const Shard& shard) {
  return std::make_unique<FolderSource>(path, shard);
}

std::unique_ptr<ImageSource> open_image_file(const std::string& path, const Shard& shard) {
  return std::make_unique<FileSource>(path, shard);
}

}  // namespace poise
