#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <memory>

#include <fmt/format.h>
#include <poise/error.h>

#include "io/file.h"
#include "io/gzip.h"
#include "io/interrupt.h"
#include "io/npy.h"
#include "io/npz.h"

namespace poise {
namespace {

using Archive = std::unique_ptr<archive, decltype(&archive_read_free)>;

[[noreturn]] void throw_npz(const std::string& name, const std::string& message) {
  throw Error(Code::data, fmt::format("[npz] {}: {}", name, message));
}

[[noreturn]] void throw_damaged(const std::string& name, archive* zip) {
  const char* reason = archive_error_string(zip);
  throw_npz(name, fmt::format("expected a whole zip archive, got: {}", reason != nullptr ? reason : "damaged bytes"));
}

// A warning is a failure too: a wrong checksum is only a warning to libarchive.
void check(const std::string& name, archive* zip, int result) {
  if (result == ARCHIVE_OK) return;
  throw_damaged(name, zip);
}

Archive open_zip(const std::string& path) {
  Archive zip(archive_read_new(), &archive_read_free);
  if (!zip) throw std::bad_alloc();
  check(path, zip.get(), archive_read_support_format_zip_seekable(zip.get()));
  check(path, zip.get(), archive_read_open_filename(zip.get(), path.c_str(), std::size_t{1} << 17));
  return zip;
}

// A member of the archive as bytes. Its size is the directory's word, so it counts only up to what deflate could reach.
class MemberStream final : public ByteStream {
 public:
  MemberStream(const std::string& path, const std::string& member, archive* zip, std::uint64_t size)
      : ByteStream(path + ":" + member), zip_(zip), size_(size) {}
  Extent extent() const noexcept override { return {size_, true}; }
  const char* compression() const noexcept override { return "zip"; }
  std::size_t fill(std::span<std::byte> to) override {
    std::size_t done = 0;
    while (done < to.size()) {
      const la_ssize_t got = archive_read_data(zip_, to.data() + done, to.size() - done);
      if (got == 0) break;
      if (got < 0) throw_damaged(name(), zip_);
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

 private:
  archive* zip_;
  std::uint64_t size_;
};

std::unique_ptr<MemberStream> open_member(const std::string& path, std::uint64_t archive_bytes, archive* zip,
                                          archive_entry* entry) {
  const char* pathname = archive_entry_pathname(entry);
  const std::string member = pathname != nullptr ? pathname : "?";
  if (archive_entry_filetype(entry) != AE_IFREG || !archive_entry_size_is_set(entry) || !member.ends_with(".npy")) {
    throw_npz(path, fmt::format("expected only npy members with their sizes, got '{}'", member));
  }
  const auto size = static_cast<std::uint64_t>(archive_entry_size(entry));
  if (size / max_deflate_ratio > archive_bytes) {
    throw_npz(path, fmt::format("expected members that fit the archive, got '{}' of {} bytes", member, size));
  }
  return std::make_unique<MemberStream>(path, member, zip, size);
}

// A member that keeps its archive open.
class OwningMember final : public ByteStream {
 public:
  OwningMember(Archive zip, std::unique_ptr<MemberStream> member)
      : ByteStream(member->name()), zip_(std::move(zip)), member_(std::move(member)) {}
  Extent extent() const noexcept override { return member_->extent(); }
  const char* compression() const noexcept override { return member_->compression(); }

 protected:
  std::size_t fill(std::span<std::byte> to) override { return member_->fill(to); }

 private:
  Archive zip_;
  std::unique_ptr<MemberStream> member_;
};

}  // namespace

bool is_zip(std::span<const std::byte> head) noexcept {
  constexpr std::array mark = {std::byte{'P'}, std::byte{'K'}, std::byte{3}, std::byte{4}};
  return head.size() >= mark.size() && std::equal(mark.begin(), mark.end(), head.begin());
}

std::unique_ptr<ByteStream> open_npz_member(const std::string& path, const std::string& name) {
  const std::uint64_t archive_bytes = FileStream(path).extent().bytes;
  Archive zip = open_zip(path);
  archive_entry* entry = nullptr;
  std::string names;
  int result = ARCHIVE_OK;
  while ((result = archive_read_next_header(zip.get(), &entry)) == ARCHIVE_OK) {
    check_interrupt();
    auto member = open_member(path, archive_bytes, zip.get(), entry);
    std::string own = member->name().substr(path.size() + 1);
    own.resize(own.size() - 4);
    if (name.empty() || own == name) return std::make_unique<OwningMember>(std::move(zip), std::move(member));
    if (names.size() < 200) names += (names.empty() ? "" : ", ") + own;
  }
  if (result != ARCHIVE_EOF) throw_damaged(path, zip.get());
  throw_npz(path, fmt::format("expected an array{}{}, got {}", name.empty() ? "" : " named ", name,
                              names.empty() ? "an empty archive" : names));
}

std::vector<NpzArray> read_npz(const std::string& path, const NpyOptions& options) {
  // Opened first as what it must be, for its size and for a clear error.
  const std::uint64_t archive_bytes = FileStream(path).extent().bytes;
  const Archive zip = open_zip(path);
  std::vector<NpzArray> arrays;
  archive_entry* entry = nullptr;
  int result = ARCHIVE_OK;
  while ((result = archive_read_next_header(zip.get(), &entry)) == ARCHIVE_OK) {
    check_interrupt();
    auto stream = open_member(path, archive_bytes, zip.get(), entry);
    std::string name = stream->name().substr(path.size() + 1);
    name.resize(name.size() - 4);
    const auto same = [&](const NpzArray& array) { return array.name == name; };
    if (std::any_of(arrays.begin(), arrays.end(), same)) {
      throw_npz(path, fmt::format("expected each member once, got '{}' twice", name));
    }
    arrays.push_back({std::move(name), NpyReader(std::move(stream), options).read_all()});
  }
  if (result != ARCHIVE_EOF) throw_damaged(path, zip.get());
  return arrays;
}

}  // namespace poise
