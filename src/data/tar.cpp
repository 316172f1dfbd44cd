// Images in tar archives, plain or compressed, as WebDataset writes them: members that share a name up to its first dot
// belong together, one of them is the image and the others say something about it.

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <new>

#include <fmt/format.h>
#include <poise/error.h>

#include "data/image_source.h"
#include "io/file.h"
#include "io/interrupt.h"

namespace poise {
namespace {

constexpr std::size_t block = 512;  // tar's
constexpr std::size_t read_bytes = std::size_t{1} << 17;
// What a member is judged by before all of it is read.
constexpr std::size_t head_bytes = 16;

using Archive = std::unique_ptr<archive, decltype(&archive_read_free)>;

// A name up to the first dot of its last part: what members of one sample share.
std::string_view key_of(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return name.substr(0, name.find('.', slash == std::string_view::npos ? 0 : slash + 1));
}

class TarSource final : public ImageSource {
 public:
  TarSource(const std::string& path, const Shard& shard)
      : ImageSource(path, "tar", shard), tar_(archive_read_new(), &archive_read_free) {
    if (!tar_) throw std::bad_alloc();
    archive_read_support_format_tar(tar_.get());
    archive_read_support_filter_gzip(tar_.get());
    archive_read_support_filter_zstd(tar_.get());
    // Archives put behind one another are one; their samples must not be lost.
    archive_read_set_options(tar_.get(), "read_concatenated_archives");
    if (archive_read_open_filename(tar_.get(), path.c_str(), read_bytes) != ARCHIVE_OK) {
      throw Error(Code::data, fmt::format("[tar] {}: expected a tar archive, got: {}", path, reason()));
    }
  }

  const char* compression() const override {
    const int filter = archive_filter_code(tar_.get(), 0);
    return filter == ARCHIVE_FILTER_GZIP ? "gzip" : filter == ARCHIVE_FILTER_ZSTD ? "zstd" : "none";
  }

  bool next(EncodedImage& image) override {
    while (!ended_) {
      check_interrupt();
      archive_entry* entry = nullptr;
      const int result = archive_read_next_header(tar_.get(), &entry);
      if (result == ARCHIVE_EOF) return end(image);
      if (result < ARCHIVE_WARN) return damaged(image, reason());
      if (archive_entry_filetype(entry) == AE_IFREG && take(image, entry)) return true;
    }
    return false;
  }

 private:
  std::string reason() const {
    const char* text = archive_error_string(tar_.get());
    return text != nullptr ? text : "damaged bytes";
  }

  // Whether the member is an image of the shard.
  bool take(EncodedImage& image, archive_entry* entry) {
    const char* pathname = archive_entry_pathname(entry);
    std::string member = pathname != nullptr ? pathname : fmt::format("member {}", members_);
    ++members_;
    while (member.starts_with("./")) member.erase(0, 2);
    if (key_of(member) != key_) end_group(image);
    key_ = key_of(member);
    image.bytes.resize(head_bytes);
    std::size_t got = 0;
    if (!read(image.bytes, got)) return damaged(image, reason());
    image.bytes.resize(got);
    if (!looks_like_image(member, image.bytes)) return false;
    group_has_image_ = true;
    if (!take_place(image)) return false;
    return read_image(image, member, static_cast<std::uint64_t>(archive_entry_size(entry)));
  }

  bool read_image(EncodedImage& image, const std::string& member, std::uint64_t size) {
    image.name = name().substr(name().rfind('/') + 1) + ":" + member;
    image.path = name() + ":" + member;
    image.label = first_folder(member);
    image.error.clear();
    if (size > max_bytes) {
      image.error = fmt::format("[tar] {}: expected at most {} bytes, got {}", image.name, max_bytes, size);
      return true;
    }
    return read_rest(image.bytes, size) || damaged(image, reason());
  }

  // Memory is taken as bytes come, not on the word of the header.
  bool read_rest(std::vector<std::byte>& bytes, std::size_t size) {
    while (bytes.size() < size) {
      const std::size_t had = bytes.size();
      bytes.resize(std::min(size, std::max(2 * had, read_bytes)));
      std::size_t got = 0;
      if (!read(std::span(bytes).subspan(had), got) || had + got < bytes.size()) return false;
    }
    return true;
  }

  bool read(std::span<std::byte> to, std::size_t& got) {
    while (got < to.size()) {
      const la_ssize_t count = archive_read_data(tar_.get(), to.data() + got, to.size() - got);
      if (count < 0) return false;
      if (count == 0) break;
      got += static_cast<std::size_t>(count);
    }
    return true;
  }

  // Members without an image are one thing that is no sample.
  void end_group(EncodedImage& image) {
    const bool lonely = !key_.empty() && !group_has_image_;
    group_has_image_ = false;
    if (lonely && take_place(image)) skip();
  }

  // The rest of the archive is lost: that is a failure, and nothing may follow it.
  bool damaged(EncodedImage& image, const std::string& what) {
    ended_ = true;
    image.name = name().substr(name().rfind('/') + 1);
    image.path = name();
    image.label.clear();
    image.bytes.clear();
    image.error =
        fmt::format("[tar] {}: expected a whole archive, got after {} members: {}", image.name, members_, what);
    return take_place(image);
  }

  // libarchive takes a file that was cut between two members for a whole one; its end would be blocks of zeros.
  bool end(EncodedImage& image) {
    ended_ = true;
    end_group(image);
    if (archive_filter_code(tar_.get(), 0) != ARCHIVE_FILTER_NONE) return false;
    FileStream file(name());
    std::array<std::byte, block> tail{};
    const std::uint64_t bytes = file.extent().bytes;
    if (bytes >= block) file.read_at(bytes - block, tail);
    const bool zeros = std::all_of(tail.begin(), tail.end(), [](std::byte b) { return b == std::byte{0}; });
    return (!zeros || bytes % block != 0) && damaged(image, "no mark of its end");
  }

  Archive tar_;
  std::string key_;
  std::uint64_t members_ = 0;
  bool group_has_image_ = false, ended_ = false;
};

}  // namespace

// By the header's checksum, which archives older than the magic have, too.
bool is_tar(std::span<const std::byte> head) noexcept {
  if (head.size() < block) return false;
  unsigned sum = 0, said = 0;
  for (std::size_t i = 0; i < block; ++i) {
    const bool checksum = i >= 148 && i < 156;
    sum += checksum ? ' ' : std::to_integer<unsigned>(head[i]);
    const unsigned digit = std::to_integer<unsigned>(head[i]) - '0';
    if (checksum && digit < 8) said = said * 8 + digit;
  }
  return said != 0 && sum == said && head[0] != std::byte{0};
}

std::unique_ptr<ImageSource> open_tar(const std::string& path, const Shard& shard) {
  return std::make_unique<TarSource>(path, shard);
}

}  // namespace poise
