#include <archive.h>
#include <archive_entry.h>

#include <exception>
#include <memory>

#include <fmt/format.h>
#include <poise/error.h>

#include "io/atomic_file.h"
#include "io/npy.h"
#include "io/npz.h"

namespace poise {
namespace {

// libarchive's C frames lie between an error of the file and us: the exception waits here until they are left.
struct Target {
  AtomicFile& file;
  std::exception_ptr failure;
};

la_ssize_t write_block(archive*, void* data, const void* bytes, std::size_t size) {
  auto& target = *static_cast<Target*>(data);
  try {
    target.file.write({static_cast<const std::byte*>(bytes), size});
    return static_cast<la_ssize_t>(size);
  } catch (...) {
    target.failure = std::current_exception();
    return -1;
  }
}

class ZipWriter {
 public:
  explicit ZipWriter(AtomicFile& file) : target_{file, nullptr}, zip_(archive_write_new(), &archive_write_free) {
    if (!zip_) throw std::bad_alloc();
    check(archive_write_set_format_zip(zip_.get()));
    check(archive_write_zip_set_compression_store(zip_.get()));
    check(archive_write_set_bytes_in_last_block(zip_.get(), 1));
    check(archive_write_open(zip_.get(), &target_, nullptr, write_block, nullptr));
  }

  void add(const NpzMember& member) {
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(), &archive_entry_free);
    if (!entry) throw std::bad_alloc();
    archive_entry_set_pathname(entry.get(), (member.name + ".npy").c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);  // and no time at all, which zip holds as 1980
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(npy_bytes(member.values)));
    check(archive_write_header(zip_.get(), entry.get()));
    write_npy(member.values, [&](std::span<const std::byte> bytes) {
      const la_ssize_t put = archive_write_data(zip_.get(), bytes.data(), bytes.size());
      check(put == static_cast<la_ssize_t>(bytes.size()) ? ARCHIVE_OK : ARCHIVE_FATAL);
    });
  }

  void close() { check(archive_write_close(zip_.get())); }

 private:
  void check(int result) {
    if (target_.failure) std::rethrow_exception(target_.failure);
    if (result == ARCHIVE_OK) return;
    const char* reason = archive_error_string(zip_.get());
    throw Error(Code::io, fmt::format("[npz] {}: cannot write: {}", target_.file.path(),
                                      reason != nullptr ? reason : "libarchive failed"));
  }

  Target target_;
  std::unique_ptr<archive, decltype(&archive_write_free)> zip_;
};

}  // namespace

void write_npz(AtomicFile& file, std::span<const NpzMember> members) {
  ZipWriter zip(file);
  for (const NpzMember& member : members) zip.add(member);
  zip.close();
}

void write_npz(const std::string& path, std::span<const NpzMember> members, bool force) {
  AtomicFile file(path, force);
  write_npz(file, members);
  file.commit();
}

}  // namespace poise
